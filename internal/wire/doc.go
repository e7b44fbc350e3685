// Package wire is the codec of STUN messages, TURN attributes and ChannelData.
//
// It holds no sockets and no state between datagrams. A [Message] is a view of
// one STUN message inside a datagram that the caller owns: [Message.Walk]
// checks header, bounds and order without allocating and answers with a
// [Reason]; the getters then read single attributes. What passed Walk can be
// handed to pion/stun with [Message.Decode]. A [Builder] writes answers on a
// reused pion/stun message. Per-packet code uses [ParseChannelData],
// [PutChannelHeader], [ParseSend] and [PutData], which work in place.
//
// Not here: long-term keys and string preparation (authn), the meaning of a
// request (server), and which channel numbers and peers are allowed.
//
// Every slice that a getter returns points into the datagram. A Message and a
// Builder are meant to be reused, by one goroutine at a time; the functions are
// safe for concurrent use. All padding that is written is zero.
//
// Implements RFC 8489 sections 5, 6.3, 14 and RFC 8656 sections 11.2, 11.3, 12.4,
// 12.6, 18; knows the attribute types of RFC 6062, 5780, 8016 and 7635. Of several equal
// attributes the first counts, except where [Message.XORPeerAddresses] reads
// all of them.
package wire

// Package tcprelay relays TCP connections (RFC 6062): it listens on the relayed
// transport addresses of TCP allocations, connects from them to peers, and
// copies between the two data connections of each pair.
//
// It knows addresses, connection numbers, limits and buckets. It does not know
// STUN, users or the peer policy: internal/server asks it to Connect, is asked by
// it whether the connection of a peer may stay (Offer), and hands over the
// connection of a client with Bind.
//
// A [Relay] is shared by all workers; an [Allocation] is its part of one TCP
// allocation. Everything here may be called on any goroutine, and nothing that a
// worker calls waits: connecting, accepting and copying have goroutines of their
// own. Relay.mu guards which connections there are and what state they are in;
// Allocation.charging guards its buckets, so that nobody draws on them once Close
// has returned. Neither is held while the other is taken, or while a socket is
// read or written.
//
// TCP is slowed down where UDP is dropped: a copying goroutine waits until every
// bucket admits what it has read, and reads no more meanwhile, so that the window
// of the sender closes.
//
// Implements RFC 6062 section 5, without the messages.
package tcprelay

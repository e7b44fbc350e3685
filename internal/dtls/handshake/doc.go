// Package handshake runs the DTLS handshakes of clients, with pion/dtls, and hands
// over what they agreed on. It is the only importer of that library.
//
// A Handshake begins with a ClientHello whose cookie was checked before, by
// [github.com/fairlead/fairlead/internal/dtls.Jar]: the library is told to await
// that cookie, and what it sends to ask for one goes nowhere. Until the client has
// sent its first record of application data, the Handshake stays beside the new
// association, because the client may have missed the end of it (RFC 6347 section
// 4.2.4). Then Release ends it, and all that the library holds is freed.
//
// The package opens no sockets: datagrams come by Deliver and leave by a function.
package handshake

// Package dtls speaks the record layer of DTLS 1.2 for clients of TURN, and
// answers strangers without remembering them.
//
// A stranger's ClientHello gets a HelloVerifyRequest with a cookie of a Jar, and
// nothing is kept (RFC 6347 section 4.2.1). Who brings the cookie back has an
// address that is its own. The handshake itself is package handshake's; what it
// agreed on becomes a Cipher, which opens and seals records where they lie,
// without allocation.
//
// Records that carry a connection ID (RFC 9146) are found by it wherever they
// come from; the first bytes of the ID name the worker.
//
// The package knows no sockets and nothing of STUN. Cookies is safe for
// concurrent use; a Jar and a Cipher belong to one goroutine each.
package dtls

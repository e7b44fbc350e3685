// Package tlsconf keeps the certificates of the TLS and DTLS listeners.
//
// A Store reads pairs of certificate and key files, chooses among them by
// server name (SNI) and follows the disk by itself: it looks at the content of
// the files, so a symlink that is swapped (as Kubernetes does) counts like a
// file that is written. Two files that are replaced one after the other do not
// match for a moment; the pair that was served before stays until both match
// again. Handshakes take what is current, connections keep what they have.
//
// For configured domains it gets certificates by ACME (RFC 8555, RFC 8737).
//
// One *tls.Config lives as long as the Store, so that tickets for resumption
// survive a new certificate. The package knows no sockets and nothing of TURN
// but the names of its protocols (RFC 7443).
//
// Methods are safe for concurrent use. Store.mu orders those who look at the
// disk; handshakes read an atomic pointer and take no lock.
package tlsconf

// Package stream drives the TCP and TLS connections of clients without waiting.
//
// A Conn begins as an accepted connection that a goroutine may wait for: it
// learns the first byte, and runs the TLS handshake. Detach then takes the
// socket away from the Go runtime; from there on Recv and Send never wait and
// the Conn belongs to one goroutine, which watches it with an
// [github.com/fairlead/fairlead/internal/udpbatch.Poller].
//
// TLS is crypto/tls on a connection that says "not now" where another would
// wait, which crypto/tls takes as a reason to go on later, and that keeps what
// the kernel does not take. So Send over TLS is all or nothing by records, and
// what one Send encrypted bounds what is kept.
//
// On Linux the calls are read and write on a raw descriptor. Elsewhere, and under
// the build tag portable, two goroutines for each socket stand in for the kernel.
//
// The package knows nothing of STUN and TURN; framing, budgets and queues are
// relay/fastpath's.
package stream

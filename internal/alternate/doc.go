// Package alternate knows the servers that clients can be sent to instead of
// this one (ALTERNATE-SERVER, RFC 8489 section 10) and which of them answer.
//
// It does not decide when a client is sent away; internal/server does, and asks
// here where to. A Checker probes every server by a STUN Binding request in a
// goroutine of its own; picking a server reads an immutable snapshot and never
// waits, so packet workers may do it. A server that has not answered its last
// probe is never picked, and neither is one that was not probed yet.
package alternate

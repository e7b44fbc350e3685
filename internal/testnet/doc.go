// Package testnet builds small networks for tests out of Linux network
// namespaces, and runs programs and sockets inside them.
//
// New gives a test its own clients, relay and peers, joined by veth pairs and
// removed when the test ends. A Namespace runs a program (Command, Start) or a
// Go function (Do, ListenUDP) with that namespace's view of the network. Echo
// is a peer that sends back what it gets. Await is the only way to wait:
// bounded, and on a condition.
//
// The package knows nothing of STUN or TURN. It needs root and the programs of
// iproute2; on systems other than Linux it is empty.
//
// Everything a test opens here belongs to that test and is closed by its
// Cleanup. Namespaces are named after the process that made them; those of a
// process that was killed are removed by the next call of New.
package testnet

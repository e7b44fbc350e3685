// Package relay owns the sockets of the data plane: the groups of listening
// sockets, the relay sockets, and the threads that serve them.
//
// An Engine opens one UDP socket for each listener address and worker, all in
// one SO_REUSEPORT group, in which a classic BPF program keeps each client on
// one worker; WorkerOf computes the same choice in Go. A wildcard listener
// stands for one group on each local address, so that answers leave from the
// address that was reached, and follows the interfaces as they change. What
// happens to a packet is decided in relay/fastpath, and what a request means in
// the control code whose functions the workers are given.
//
// A group receives nothing until it is complete and its sockets are never closed
// one by one: a missing socket would send clients to workers that do not know
// them.
//
// The sockets of a group belong to the Engine, relay sockets to whoever opened
// them and then to the worker they are published on. Engine and LocalAddresses
// are safe for concurrent use. No lock is held while a worker is waited for,
// except Engine.reconciling, which workers never take.
//
// Outside Linux there is one worker, and one socket for each address.
package relay

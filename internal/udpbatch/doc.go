// Package udpbatch moves UDP datagrams in batches between non-blocking sockets
// and buffers that stay where they are.
//
// Four words, from small to large. A packet is one datagram. A run is a
// sequence of packets to one destination that can leave as one message, which
// the kernel segments (UDP_SEGMENT). An entry is one message of a system call:
// one packet, or one run. A batch is what the entries of one call carry. In the
// other direction, what the kernel coalesced (UDP_GRO) arrives as a train: the
// datagrams of one source, one behind the other, in one slot.
//
// A Conn is an unconnected UDP socket, a RecvBatch the slots it receives into,
// a SendBatch the entries it sends, a Poller the set of sockets that one thread
// waits for. Nothing is copied between them and nothing is allocated after the
// constructors: a RecvBatch leaves headroom before each datagram so that a
// header can be written in place, and a SendBatch only points at the bytes it
// is given.
//
// The package knows nothing of STUN or TURN, keeps no queue and makes no
// decision about a packet; an outcome is a number or an errno, never a
// formatted error.
//
// Ownership: a Conn, a batch and a Poller belong to one goroutine. Only
// Poller.Wake may be called from any other. On Linux the calls are recvmmsg,
// sendmmsg and epoll on raw descriptors; elsewhere, and under the build tag
// portable, the same types stand on net.UDPConn with one reader goroutine and a
// bounded queue for each socket.
package udpbatch

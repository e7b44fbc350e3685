package udpbatch

// Options are the settings of a socket that are given when it is opened.
type Options struct {
	// ReceiveBufferBytes and SendBufferBytes size the kernel's queues; 0 keeps
	// the system's default. The kernel grants at most net.core.rmem_max and
	// wmem_max unless the process has CAP_NET_ADMIN; Conn.Buffers tells what it
	// granted.
	ReceiveBufferBytes, SendBufferBytes int

	// ErrorQueue asks for ICMP errors (IP_RECVERR). The kernel then fails the
	// next call on the socket with the error of whichever peer sent one, and
	// Conn handles that: see Conn.Send and Conn.Recv. No effect outside Linux.
	ErrorQueue bool

	// Freebind lets the socket be bound to an address that the host does not have
	// yet (IP_FREEBIND). No effect outside Linux.
	Freebind bool
}

package relay

import (
	"fmt"
	"net/netip"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// RelaySockets opens the sockets of relayed transport addresses. The zero value
// leaves the sizes of their queues to the system.
type RelaySockets struct {
	ReceiveBufferBytes, SendBufferBytes int
}

// Open binds a relay socket to a local address and port. ICMP errors that come
// back for what it sends are counted and do not disturb its other peers. The
// cause of an error stays visible to errors.Is: syscall.EADDRINUSE for a port
// that somebody has, EMFILE or ENFILE when descriptors are exhausted. The socket
// is the caller's until it is published on a worker. Any goroutine may call it.
func (r RelaySockets) Open(local netip.AddrPort) (*udpbatch.Conn, error) {
	c, err := udpbatch.Listen(local, udpbatch.Options{
		ReceiveBufferBytes: r.ReceiveBufferBytes,
		SendBufferBytes:    r.SendBufferBytes,
		ErrorQueue:         true,
	})
	if err != nil {
		return nil, fmt.Errorf("open relay socket %s: %w", local, err)
	}
	return c, nil
}

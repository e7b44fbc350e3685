package stream

import (
	"errors"
	"fmt"
	"net"
)

// Waiting is a connection whose calls wait, of TCP or TLS, that can say that
// nothing more will be sent.
type Waiting interface {
	net.Conn
	CloseWrite() error
}

// Attach undoes Detach: it gives the socket back to the runtime and returns the
// connection, a *net.TCPConn or a *tls.Conn. What was received and not taken by
// Recv comes with it as rest, unless it is still TLS's own. From here on the
// connection is used by the one that is returned, after Flush; of the Conn only
// Flush and Abort are. On an error the Conn is closed.
func (c *Conn) Attach() (waiting Waiting, rest []byte, err error) {
	tcp, in, out, err := c.link.socket.giveBack()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("give back connection: %w", err), c.link.Close())
	}
	c.link.tcp, c.link.socket = tcp, nil
	c.link.first = append(c.link.first, in...)
	c.link.rest = append(out, c.link.rest...)
	if c.tls != nil {
		return c.tls, nil, nil
	}
	rest, c.link.first = c.link.first, nil
	return tcp, rest, nil
}

// Flush waits until the kernel has what Send took. It comes before anything else
// is written to an attached connection.
func (c *Conn) Flush() error {
	rest := c.link.rest
	c.link.rest = nil
	if len(rest) == 0 {
		return nil
	}
	_, err := c.link.tcp.Write(rest)
	return err
}

// Abort closes an attached connection without a goodbye and without waiting, for
// whoever waits in its calls, too. Any goroutine may call it, also again.
func (c *Conn) Abort() {
	_ = c.link.tcp.Close() // what it could not send is what it means to lose
}

package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Conn is the connection of a client.
type Conn struct {
	link link
	tls  *tls.Conn // nil: plain
	more bool
}

// New wraps an accepted connection, which becomes the Conn's.
func New(tcp *net.TCPConn) *Conn { return &Conn{link: link{tcp: tcp}} }

// Unread gives back, before anything is read from the Conn, what was read too
// much from the accepted connection: at most a few KB, which the Conn keeps.
func (c *Conn) Unread(b []byte) { c.link.first = b }

// recordHandshake is the first byte of every TLS connection: the content type
// of a handshake record (RFC 8446 section 5.1), which STUN and ChannelData do
// not have (RFC 7983 section 7).
const recordHandshake = 22

// IsTLS waits for the first byte, as long as the accepted connection's deadline
// lets it, and says whether it is that of a TLS handshake. The byte is not lost.
func (c *Conn) IsTLS() (bool, error) {
	if len(c.link.first) == 0 {
		if _, err := c.link.tcp.Read(c.link.one[:]); err != nil {
			return false, err
		}
		c.link.first = c.link.one[:]
	}
	return c.link.first[0] == recordHandshake, nil
}

// Handshake makes the connection one of TLS, unless ctx is done before.
func (c *Conn) Handshake(ctx context.Context, cfg *tls.Config) error {
	c.tls = tls.Server(&c.link, cfg)
	return c.tls.HandshakeContext(ctx)
}

// Detach takes the socket away from the runtime. From here on the Conn belongs
// to one goroutine, nothing waits, and bytes may be at hand that no readiness of
// the socket tells of. On an error the Conn is closed.
func (c *Conn) Detach() error {
	if err := c.link.tcp.SetDeadline(time.Time{}); err != nil {
		return errors.Join(err, c.Close())
	}
	socket, err := takeSocket(c.link.tcp)
	if err != nil {
		return errors.Join(fmt.Errorf("take over connection: %w", err), c.Close())
	}
	c.link.socket = socket
	c.more = true
	return nil
}

// IsSecure says whether the connection is one of TLS.
func (c *Conn) IsSecure() bool { return c.tls != nil }

// ServerName is the name that the client of a TLS connection asked for (RFC 6066
// section 3), in lower case; empty for none.
func (c *Conn) ServerName() string {
	if c.tls == nil {
		return ""
	}
	return strings.ToLower(c.tls.ConnectionState().ServerName)
}

// Protocol is the application protocol agreed on by TLS; empty for none.
func (c *Conn) Protocol() string {
	if c.tls == nil {
		return ""
	}
	return c.tls.ConnectionState().NegotiatedProtocol
}

// More says whether Recv should be called again although the socket may not
// become readable: bytes were left where the poller does not see them.
func (c *Conn) More() bool { return c.more }

// Unsent says whether bytes that Send took still wait for the kernel. Send with
// nothing moves them on.
func (c *Conn) Unsent() bool { return len(c.link.rest) > 0 }

// Close closes the connection, with the goodbye of TLS if there is room for it.
// Closing again does nothing.
func (c *Conn) Close() error {
	if c.tls != nil && c.link.socket != nil {
		_ = c.tls.Close() // closes the link as well; what it cannot say stays unsaid
	}
	return c.link.Close()
}

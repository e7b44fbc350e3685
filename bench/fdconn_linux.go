package bench

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fdConn is a net.Conn on a raw socket. Writes wait, reads only when told to.
type fdConn struct {
	fd    int
	waits bool
}

// Read is part of net.Conn.
func (c *fdConn) Read(b []byte) (int, error) {
	n, errno := receive(c.fd, b)
	for c.waits && (errno == unix.EAGAIN || errno == unix.EINTR) {
		var err error
		if n, err = unix.Read(c.fd, b); err == nil || !errors.Is(err, unix.EINTR) {
			errno, _ = err.(syscall.Errno)
			break
		}
	}
	switch {
	case errno != 0:
		return 0, errno // EAGAIN and EINTR are temporary net.Errors
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	default:
		return n, nil
	}
}

// Write is part of net.Conn.
func (c *fdConn) Write(b []byte) (int, error) {
	for sent := 0; sent < len(b); {
		n, errno := sendSome(c.fd, b[sent:])
		if errno != 0 && errno != unix.EINTR {
			return sent, errno
		}
		sent += n
	}
	return len(b), nil
}

// The rest of net.Conn, which TLS does not need here.

func (c *fdConn) Close() error                     { return nil }
func (c *fdConn) LocalAddr() net.Addr              { return nil }
func (c *fdConn) RemoteAddr() net.Addr             { return nil }
func (c *fdConn) SetDeadline(time.Time) error      { return nil }
func (c *fdConn) SetReadDeadline(time.Time) error  { return nil }
func (c *fdConn) SetWriteDeadline(time.Time) error { return nil }

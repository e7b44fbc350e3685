package stream

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// link is the net.Conn below TLS: the accepted connection until a socket is
// detached from it, and then one that never waits.
type link struct {
	tcp    *net.TCPConn
	socket *socket // nil: not detached

	one     [1]byte
	first   []byte // read already
	drained bool   // the last read got all that there was
	rest    []byte // written, but not taken by the kernel
	failed  bool   // a write failed
}

// again is the error of a read that would have to wait. crypto/tls goes on
// after an error that calls itself temporary.
type again struct{}

func (again) Error() string   { return "nothing to read now" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

// errAgain is boxed once, so that returning it allocates nothing.
var errAgain net.Error = again{}

func (l *link) Read(b []byte) (int, error) {
	if len(l.first) > 0 {
		n := copy(b, l.first)
		l.first = l.first[n:]
		return n, nil
	}
	if l.socket == nil {
		return l.tcp.Read(b)
	}
	if l.drained {
		return 0, errAgain // saves the call that would find nothing
	}
	n, errno := l.socket.recv(b)
	switch {
	case errno == syscall.EAGAIN, errno == syscall.EINTR:
		return 0, errAgain
	case errno != 0:
		return 0, errno
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	l.drained = n < len(b)
	return n, nil
}

// Write never fails once detached: crypto/tls could not go on after it. What
// the kernel does not take is kept; after an error nothing is.
func (l *link) Write(b []byte) (int, error) {
	if l.socket == nil {
		return l.tcp.Write(b)
	}
	n := 0
	if len(l.rest) == 0 {
		n = l.push(b)
	}
	if !l.failed {
		l.rest = append(l.rest, b[n:]...)
	}
	return len(b), nil
}

// sendRest tries once more what was kept.
func (l *link) sendRest() {
	if len(l.rest) == 0 {
		return
	}
	n := l.push(l.rest)
	if n == len(l.rest) || l.failed {
		l.rest = nil // seldom needed; an idle connection keeps nothing
		return
	}
	l.rest = l.rest[:copy(l.rest, l.rest[n:])]
}

func (l *link) push(b []byte) int {
	n, errno := l.socket.send(b)
	if errno != 0 {
		l.failed = l.failed || errno != syscall.EAGAIN && errno != syscall.EINTR
		return 0
	}
	return n
}

// Close closes the socket or the connection. Closing again does nothing. Before
// the connection is detached any goroutine may call it: crypto/tls does when a
// handshake is cancelled, at a time of its own.
func (l *link) Close() error {
	if l.socket != nil {
		return l.socket.close()
	}
	if err := l.tcp.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (l *link) LocalAddr() net.Addr  { return l.tcp.LocalAddr() }
func (l *link) RemoteAddr() net.Addr { return l.tcp.RemoteAddr() }

func (l *link) SetDeadline(t time.Time) error { return l.deadline((*net.TCPConn).SetDeadline, t) }
func (l *link) SetReadDeadline(t time.Time) error {
	return l.deadline((*net.TCPConn).SetReadDeadline, t)
}
func (l *link) SetWriteDeadline(t time.Time) error {
	return l.deadline((*net.TCPConn).SetWriteDeadline, t)
}

// deadline does nothing once nothing waits.
func (l *link) deadline(set func(*net.TCPConn, time.Time) error, t time.Time) error {
	if l.socket != nil {
		return nil
	}
	return set(l.tcp, t)
}

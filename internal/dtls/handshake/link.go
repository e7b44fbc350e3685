package handshake

import (
	"bytes"
	"net"
	"os"
	"sync"
	"time"

	"github.com/fairlead/fairlead/internal/dtls"
)

// Bounds of what a client can make the server keep while it has not finished its
// handshake: datagrams that wait, and bytes in all, of which a handshake needs a
// few hundred.
const (
	queueSize = 16
	maxTaken  = 64 << 10
)

// link is the net.PacketConn below the library.
type link struct {
	client net.Addr
	in     chan []byte
	closed chan struct{} // by release
	send   func(datagram []byte)
	expect func() // makes the library await the cookie; called by its own goroutine
	second []byte // ClientHello that follows the library's HelloVerifyRequest; nil: it has followed
	delta  uint64 // between the library's numbers and those of the records on the way

	mu       sync.Mutex
	cut      chan struct{} // closed by a read deadline; guarded by mu
	taken    int           // bytes; guarded by mu
	next     uint64        // after the last record sealed; guarded by mu
	released bool          // guarded by mu
}

func (l *link) deliver(datagram []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released || l.taken+len(datagram) > maxTaken {
		return false
	}
	select {
	case l.in <- bytes.Clone(datagram):
		l.taken += len(datagram)
		return true
	default:
		return false
	}
}

func (l *link) release() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.released {
		l.released = true
		close(l.closed)
	}
	return l.next
}

// ReadFrom is part of net.PacketConn.
func (l *link) ReadFrom(b []byte) (int, net.Addr, error) {
	l.mu.Lock()
	cut := l.cut
	l.mu.Unlock()
	select {
	case <-l.closed:
		return 0, nil, net.ErrClosed
	case <-cut:
		return 0, nil, os.ErrDeadlineExceeded
	case datagram := <-l.in:
		return copy(b, datagram), l.client, nil
	}
}

// WriteTo is part of net.PacketConn. The request for a cookie, which comes first,
// is answered with the ClientHello that has one.
func (l *link) WriteTo(b []byte, _ net.Addr) (int, error) {
	if l.second != nil && dtls.IsVerifyRequest(b) {
		l.expect()
		second := l.second
		l.second = nil
		select {
		case l.in <- second:
		case <-l.closed:
		}
		return len(b), nil
	}
	datagram := bytes.Clone(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.released {
		return len(b), nil
	}
	delta := l.delta
	if l.second != nil { // a refusal, by the number that the request for a cookie had
		delta++
	}
	l.next = max(l.next, dtls.Renumber(datagram, delta))
	l.send(datagram)
	return len(b), nil
}

// Close is part of net.PacketConn.
func (l *link) Close() error {
	l.release()
	return nil
}

// LocalAddr is part of net.PacketConn.
func (l *link) LocalAddr() net.Addr { return l.client }

// SetDeadline is part of net.PacketConn.
func (l *link) SetDeadline(t time.Time) error { return l.SetReadDeadline(t) }

// SetReadDeadline is part of net.PacketConn. The library sets it to the past, to
// interrupt a read, and back.
func (l *link) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.IsZero() {
		l.cut = make(chan struct{})
		return nil
	}
	select {
	case <-l.cut:
	default:
		close(l.cut)
	}
	return nil
}

// SetWriteDeadline is part of net.PacketConn. No write waits.
func (l *link) SetWriteDeadline(time.Time) error { return nil }

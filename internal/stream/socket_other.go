//go:build !linux || portable

package stream

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// queueBytes bounds what is held for one socket in each direction.
const queueBytes = 64 << 10

// socket stands in for a non-blocking descriptor: a goroutine reads ahead and
// another one writes behind, each with a bounded queue.
type socket struct {
	tcp     *net.TCPConn
	running sync.WaitGroup

	mu      sync.Mutex
	changed sync.Cond // of what is below
	in, out []byte    // guarded by mu
	ended   bool      // nothing more will be read; guarded by mu
	failed  bool      // nothing more will be written; guarded by mu
	closed  bool      // guarded by mu
	ready   func()    // guarded by mu
}

func takeSocket(c *net.TCPConn) (*socket, error) {
	s := &socket{tcp: c, ready: func() {}}
	s.changed.L = &s.mu
	s.running.Go(s.read)
	s.running.Go(s.write)
	return s, nil
}

// OnReady is for udpbatch.Poller: f is called when the readiness may have
// changed.
func (c *Conn) OnReady(f func()) {
	s := c.link.socket
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = f
}

// Ready is for udpbatch.Poller: what would not have to wait now.
func (c *Conn) Ready() (readable, writable bool) {
	s := c.link.socket
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.in) > 0 || s.ended, len(s.out) < queueBytes || s.failed
}

// tell wakes whoever waits, and calls the poller without the lock.
func (s *socket) tell(change func()) {
	s.mu.Lock()
	change()
	s.changed.Broadcast()
	ready := s.ready
	s.mu.Unlock()
	ready()
}

func (s *socket) read() {
	buf := make([]byte, queueBytes/2)
	for {
		n, err := s.tcp.Read(buf)
		s.tell(func() {
			s.in = append(s.in, buf[:n]...)
			s.ended = err != nil
		})
		if err != nil {
			return
		}
		s.mu.Lock()
		for len(s.in) > queueBytes/2 && !s.closed {
			s.changed.Wait()
		}
		s.mu.Unlock()
	}
}

func (s *socket) write() {
	var chunk []byte
	for {
		s.mu.Lock()
		for len(s.out) == 0 && !s.closed {
			s.changed.Wait()
		}
		chunk = append(chunk[:0], s.out...)
		over := s.closed
		s.mu.Unlock()
		if over {
			return
		}
		n, err := s.tcp.Write(chunk)
		s.tell(func() {
			s.out = s.out[:copy(s.out, s.out[n:])]
			s.failed = err != nil
		})
		if err != nil {
			return
		}
	}
}

// giveBack ends the two goroutines and returns what they held: in was read and
// not received, out was sent and not written.
func (s *socket) giveBack() (tcp *net.TCPConn, in, out []byte, err error) {
	s.mu.Lock()
	s.closed = true
	s.ready = func() {}
	s.changed.Broadcast()
	s.mu.Unlock()
	err = s.tcp.SetDeadline(time.Unix(1, 0)) // ends their calls
	s.running.Wait()
	return s.tcp, s.in, s.out, errors.Join(err, s.tcp.SetDeadline(time.Time{}))
}

// recv reads; 0 bytes without an error is the end.
func (s *socket) recv(b []byte) (int, syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.in) == 0 && !s.ended {
		return 0, syscall.EAGAIN
	}
	n := copy(b, s.in)
	s.in = s.in[:copy(s.in, s.in[n:])]
	s.changed.Broadcast()
	return n, 0
}

// send writes what fits.
func (s *socket) send(b []byte) (int, syscall.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed {
		return 0, syscall.EPIPE
	}
	n := min(len(b), queueBytes-len(s.out))
	if n == 0 && len(b) > 0 {
		return 0, syscall.EAGAIN
	}
	s.out = append(s.out, b[:n]...)
	s.changed.Broadcast()
	return n, 0
}

func (s *socket) close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.ready = func() {}
	s.changed.Broadcast()
	s.mu.Unlock()
	err := s.tcp.Close()
	s.running.Wait()
	return err
}

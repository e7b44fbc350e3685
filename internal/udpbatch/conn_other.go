//go:build !linux || portable

package udpbatch

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is an unconnected UDP socket. It is not safe for concurrent use. A
// goroutine of its own receives from it into a bounded queue; when that is full
// the datagrams wait in the kernel's.
type Conn struct {
	udp    *net.UDPConn // nil: no socket behind it
	local  netip.AddrPort
	fault  Fault
	closed bool

	queue   chan datagram
	closing chan struct{}
	done    chan struct{} // closed when the reader has ended
	poller  atomic.Pointer[watch]
}

// datagram is what the reader hands over.
type datagram struct {
	data []byte
	from netip.AddrPort
}

// watch ties a Conn to the Poller that watches it.
type watch struct {
	poller *Poller
	token  uint32
	conn   *Conn
	stream Stream // instead of conn
	recv   bool   // of a stream: report something to read; guarded by Poller.mu
	send   bool   // of a stream: report room to write; guarded by Poller.mu
	ready  bool   // in the poller's list; guarded by Poller.mu
	gone   bool   // guarded by Poller.mu
}

// queueLength bounds the datagrams held for one socket.
const queueLength = 32

// Listen opens a socket on the address, which must have no zone. Port 0 lets
// the kernel choose. An IPv6 socket takes IPv6 only.
func Listen(addr netip.AddrPort, o Options) (*Conn, error) {
	network := "udp4"
	if addr.Addr().Is6() {
		network = "udp6"
	}
	udp, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	if o.ReceiveBufferBytes > 0 {
		_ = udp.SetReadBuffer(o.ReceiveBufferBytes) // what the system grants is enough
	}
	if o.SendBufferBytes > 0 {
		_ = udp.SetWriteBuffer(o.SendBufferBytes)
	}
	port := uint16(udp.LocalAddr().(*net.UDPAddr).Port)
	c := &Conn{
		udp:     udp,
		local:   netip.AddrPortFrom(addr.Addr(), port),
		queue:   make(chan datagram, queueLength),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	go c.read()
	return c, nil
}

// Discard returns a Conn without a socket: what it sends is gone, and nothing
// arrives. It serves benchmarks of the tables and of the work for each packet.
func Discard(local netip.AddrPort) *Conn { return &Conn{local: local} }

// maxDatagram is the longest that the length field of UDP can tell.
const maxDatagram = 65535

// readPause keeps a socket that fails again and again from taking a whole CPU.
const readPause = time.Millisecond

func (c *Conn) read() {
	defer close(c.done)
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := c.udp.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(readPause)
			continue
		}
		select {
		case c.queue <- datagram{slices.Clone(buf[:n]), from}:
		case <-c.closing:
			return
		}
		if w := c.poller.Load(); w != nil {
			w.poller.notify(w)
		}
	}
}

// Local returns the address the socket is bound to.
func (c *Conn) Local() netip.AddrPort { return c.local }

// Buffers returns 0, 0: net.UDPConn does not tell what the system granted.
func (c *Conn) Buffers() (receiveBytes, sendBytes int) { return 0, 0 }

// HasDontFragment says whether DontFragment does anything on this system.
const HasDontFragment = false

// DontFragment does nothing: DF is the system's own decision here.
func (c *Conn) DontFragment(bool) error { return nil }

// SetFault installs a Fault; nil takes it away. For tests.
func (c *Conn) SetFault(f Fault) { c.fault = f }

// Close closes the socket, takes it out of its Poller and waits for its reader.
// Closing again does nothing.
func (c *Conn) Close() error {
	if c.closed || c.udp == nil {
		return nil
	}
	c.closed = true
	if w := c.poller.Load(); w != nil {
		w.poller.forget(w)
	}
	close(c.closing)
	err := c.udp.Close()
	<-c.done
	return err
}

// errnoOf finds the system's error in one of package net; EIO when there is
// none.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EIO
}

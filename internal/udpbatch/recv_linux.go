//go:build !portable

package udpbatch

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// recvAttempts bounds how often one Recv takes pending errors off the socket.
const recvAttempts = 3

// Recv receives at most count datagrams into the slots from first on, without
// waiting; nothing there is zero packets. The slots hold them until the next
// Recv into the same slots, which needs no call in between.
//
// A pending ICMP error fails the call without touching the datagrams behind it,
// so it is taken off the socket and the call made again, a bounded number of
// times; what then is left keeps the socket ready.
func (c *Conn) Recv(b *RecvBatch, first, count int) Received {
	var r Received
	for range recvAttempts {
		n, errno := c.recv(b, first, count)
		r.Calls++
		if n > 0 {
			r.Packets = n
			return r
		}
		if errno == 0 || errno == unix.EAGAIN || !c.errorQueue {
			return r
		}
		r.Notices += c.DrainErrors()
	}
	return r
}

func (c *Conn) recv(b *RecvBatch, first, count int) (int, syscall.Errno) {
	if c.fault != nil {
		pass, errno := c.fault(OpRecv, count)
		if errno != 0 {
			return 0, errno
		}
		count = min(count, pass)
	}
	if c.fd < 0 {
		return 0, unix.EAGAIN
	}
	var n int
	var errno syscall.Errno
	switch {
	case count > 1:
		n, errno = recvmmsg(c.fd, b.hdrs[first:first+count], 0)
	case c.trains:
		errno = recvmsg(c.fd, &b.hdrs[first])
		n = 1
	default:
		errno = recvfrom(c.fd, &b.hdrs[first])
		n = 1
	}
	if errno != 0 {
		return 0, errno
	}
	for i := first; i < first+n; i++ {
		b.took(i, c.trains)
	}
	return n, 0
}

// errorBatch is how many errors one call takes off the queue, errorCalls how
// many calls one DrainErrors makes: a peer must not hold the thread with ICMP.
const (
	errorBatch = 16
	errorCalls = 8
)

// DrainErrors takes what is pending off the error queue, up to a bound, and
// returns how many ICMP errors there were. Conn.CollectNotices keeps them.
func (c *Conn) DrainErrors() int {
	if c.fd < 0 {
		return 0
	}
	total := 0
	var blank [errorBatch]mmsghdr
	hdrs := &blank
	if c.notices != nil {
		hdrs = &c.notices.buffers.hdrs
	}
	for range errorCalls {
		n, errno := recvmmsg(c.fd, hdrs[:], unix.MSG_ERRQUEUE)
		if c.notices != nil {
			c.notices.took(n)
		}
		total += n
		if errors.Is(errno, unix.EAGAIN) || n < errorBatch {
			break
		}
	}
	return total
}

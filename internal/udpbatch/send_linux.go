//go:build !portable

package udpbatch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SendBatch is a list of packets for one socket. Its arrays are allocated and
// wired once; appending writes a pointer, a length and an address.
type SendBatch struct {
	hdrs  []mmsghdr
	iovs  []unix.Iovec
	names []sockaddr
	errs  []syscall.Errno
	n     int
}

// NewSendBatch makes room for so many entries.
func NewSendBatch(entries int) *SendBatch {
	b := &SendBatch{
		hdrs:  make([]mmsghdr, entries),
		iovs:  make([]unix.Iovec, entries),
		names: make([]sockaddr, entries),
		errs:  make([]syscall.Errno, entries),
	}
	for i := range b.hdrs {
		b.hdrs[i].pointTo(&b.names[i], &b.iovs[i])
	}
	return b
}

// Append adds a packet. The bytes must stay as they are until Send returns. The
// batch must not be full.
func (b *SendBatch) Append(packet []byte, to *Addr) {
	i := b.n
	b.iovs[i].Base = base(packet)
	b.iovs[i].SetLen(len(packet))
	b.hdrs[i].hdr.Namelen = b.names[i].put(to)
	b.n++
}

// Len returns the number of entries, Full whether no other one fits.
func (b *SendBatch) Len() int   { return b.n }
func (b *SendBatch) Full() bool { return b.n == len(b.hdrs) }

// Reset empties the batch.
func (b *SendBatch) Reset() { b.n = 0 }

// Err returns why entry i did not leave in the last Send that reported failed
// entries; 0: it left.
func (b *SendBatch) Err(i int) syscall.Errno { return b.errs[i] }

// Send sends the entries in order, with as few calls as it takes, and never
// waits. When it returns, the kernel has its own copy of what left. The batch
// keeps its entries until Reset.
//
// A short count is no failure: the rest is offered again. When a call gets
// nothing done its first entry has failed and is passed over, except that a
// full socket (EAGAIN) fails all the rest. With an error queue, any other error
// may be the pending one of another peer: the queue is drained and the entry
// offered once more before it counts as failed.
func (c *Conn) Send(b *SendBatch) Sent {
	var s Sent
	retried := false
	for i := 0; i < b.n; {
		n, errno := c.send(b.hdrs[i:b.n])
		s.Calls++
		if n > 0 {
			i += n
			retried = false
			continue
		}
		switch {
		case errno == unix.EAGAIN:
			b.fail(&s, i, b.n, errno)
			return s
		case c.errorQueue && !retried && errno != unix.ENOBUFS:
			s.Notices += c.DrainErrors()
			retried = true
		default:
			b.fail(&s, i, i+1, errno)
			i++
			retried = false
		}
	}
	return s
}

// fail notes errno for the entries from, to-1. The first failure of a Send
// clears what an earlier one left.
func (b *SendBatch) fail(s *Sent, from, to int, errno syscall.Errno) {
	if errno == 0 {
		errno = unix.EIO // the kernel reported neither progress nor a reason
	}
	if s.Failed == 0 {
		clear(b.errs)
	}
	for i := from; i < to; i++ {
		b.errs[i] = errno
	}
	s.Failed += to - from
}

func (c *Conn) send(hdrs []mmsghdr) (int, syscall.Errno) {
	if c.fault != nil {
		pass, errno := c.fault(OpSend, len(hdrs))
		if errno != 0 {
			return 0, errno
		}
		hdrs = hdrs[:min(len(hdrs), pass)]
	}
	switch {
	case c.fd < 0:
		return len(hdrs), 0
	case len(hdrs) == 1:
		if errno := sendto(c.fd, &hdrs[0]); errno != 0 {
			return 0, errno
		}
		return 1, 0
	default:
		return sendmmsg(c.fd, hdrs)
	}
}

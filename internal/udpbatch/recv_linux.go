//go:build !portable

package udpbatch

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// RecvBatch is a set of slots that datagrams are received into. Its memory lies
// outside the Go heap: slots are 64 KiB so that no datagram is ever cut, of
// which a small packet touches one page, and the collector must not take the
// untouched rest for live heap.
type RecvBatch struct {
	memory   []byte
	headroom int
	stride   int
	hdrs     []mmsghdr
	iovs     []unix.Iovec
	names    []sockaddr
}

// NewRecvBatch maps the slots. Close releases them.
func NewRecvBatch(l Layout) (*RecvBatch, error) {
	memory, err := unix.Mmap(-1, 0, l.Slots*l.stride(), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	// A huge page would make all of it resident at the first packet. The advice
	// fails on kernels without huge pages, which is as good.
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE)
	b := &RecvBatch{
		memory:   memory,
		headroom: l.Headroom,
		stride:   l.stride(),
		hdrs:     make([]mmsghdr, l.Slots),
		iovs:     make([]unix.Iovec, l.Slots),
		names:    make([]sockaddr, l.Slots),
	}
	for i := range b.hdrs {
		b.iovs[i].Base = base(b.Slot(i)[l.Headroom:])
		b.iovs[i].SetLen(l.Size)
		b.hdrs[i].pointTo(&b.names[i], &b.iovs[i])
	}
	return b, nil
}

// Close unmaps the slots; no slice of them may be used afterwards.
func (b *RecvBatch) Close() error {
	if b.memory == nil {
		return nil
	}
	err := unix.Munmap(b.memory)
	b.memory = nil
	return os.NewSyscallError("munmap", err)
}

// Len returns the number of slots.
func (b *RecvBatch) Len() int { return len(b.hdrs) }

// Slot returns the whole of slot i: headroom, datagram, tailroom.
func (b *RecvBatch) Slot(i int) []byte {
	return b.memory[i*b.stride : (i+1)*b.stride : (i+1)*b.stride]
}

// Size returns the length of the datagram in slot i, which begins after the
// headroom.
func (b *RecvBatch) Size(i int) int { return int(b.hdrs[i].size) }

// From stores the source of the datagram in slot i.
func (b *RecvBatch) From(i int, a *Addr) { b.names[i].get(a) }

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
	hdrs := b.hdrs[first : first+count]
	var n int
	var errno syscall.Errno
	if count == 1 {
		if errno = recvfrom(c.fd, &hdrs[0]); errno == 0 {
			n = 1
		}
	} else {
		n, errno = recvmmsg(c.fd, hdrs, 0)
	}
	for i := range n {
		// The kernel wrote the length of the source address here; the next
		// call must again offer room for either family.
		hdrs[i].hdr.Namelen = sizeofSockaddr
	}
	return n, errno
}

// errorBatch is how many errors one call takes off the queue, errorCalls how
// many calls one DrainErrors makes: a peer must not hold the thread with ICMP.
const (
	errorBatch = 16
	errorCalls = 8
)

// DrainErrors takes what is pending off the error queue, up to a bound, and
// returns how many ICMP errors there were.
func (c *Conn) DrainErrors() int {
	if c.fd < 0 {
		return 0
	}
	total := 0
	var hdrs [errorBatch]mmsghdr
	for range errorCalls {
		n, errno := recvmmsg(c.fd, hdrs[:], unix.MSG_ERRQUEUE)
		total += n
		if errors.Is(errno, unix.EAGAIN) || n < errorBatch {
			break
		}
	}
	return total
}

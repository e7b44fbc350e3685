//go:build !linux || portable

package udpbatch

import (
	"net/netip"
	"syscall"
)

// RecvBatch is a set of slots that datagrams are received into.
type RecvBatch struct {
	memory   []byte
	headroom int
	size     int
	stride   int
	sizes    []int
	from     []netip.AddrPort
}

// NewRecvBatch allocates the slots.
func NewRecvBatch(l Layout) (*RecvBatch, error) {
	return &RecvBatch{
		memory:   make([]byte, l.Slots*l.stride()),
		headroom: l.Headroom,
		size:     l.Size,
		stride:   l.stride(),
		sizes:    make([]int, l.Slots),
		from:     make([]netip.AddrPort, l.Slots),
	}, nil
}

// Close releases the slots; no slice of them may be used afterwards.
func (b *RecvBatch) Close() error { return nil }

// Len returns the number of slots.
func (b *RecvBatch) Len() int { return len(b.sizes) }

// Slot returns the whole of slot i: headroom, datagram, tailroom.
func (b *RecvBatch) Slot(i int) []byte {
	return b.memory[i*b.stride : (i+1)*b.stride : (i+1)*b.stride]
}

// Size returns the length of the datagram in slot i, which begins after the
// headroom.
func (b *RecvBatch) Size(i int) int { return b.sizes[i] }

// From stores the source of the datagram in slot i.
func (b *RecvBatch) From(i int, a *Addr) { *a = AddrOf(b.from[i]) }

// Recv receives at most count datagrams into the slots from first on, without
// waiting; nothing there is zero packets. The slots hold them until the next
// Recv into the same slots, which needs no call in between.
func (c *Conn) Recv(b *RecvBatch, first, count int) Received {
	r := Received{Calls: 1}
	if c.fault != nil {
		pass, errno := c.fault(OpRecv, count)
		if errno != 0 {
			return r
		}
		count = min(count, pass)
	}
	for r.Packets < count && c.take(b, first+r.Packets) {
		r.Packets++
	}
	if w := c.poller.Load(); w != nil && len(c.queue) > 0 {
		w.poller.notify(w)
	}
	return r
}

// take moves one datagram from the queue into slot i.
func (c *Conn) take(b *RecvBatch, i int) bool {
	select {
	case d := <-c.queue:
		b.from[i] = d.from
		b.sizes[i] = copy(b.Slot(i)[b.headroom:b.headroom+b.size], d.data)
		return true
	default:
		return false
	}
}

// DrainErrors returns 0: there is no error queue here.
func (c *Conn) DrainErrors() int { return 0 }

// SendBatch is a list of packets for one socket.
type SendBatch struct {
	packets [][]byte
	to      []Addr
	errs    []syscall.Errno
	n       int
}

// NewSendBatch makes room for so many entries.
func NewSendBatch(entries int) *SendBatch {
	return &SendBatch{
		packets: make([][]byte, entries),
		to:      make([]Addr, entries),
		errs:    make([]syscall.Errno, entries),
	}
}

// Append adds a packet. The bytes must stay as they are until Send returns. The
// batch must not be full.
func (b *SendBatch) Append(packet []byte, to *Addr) {
	b.packets[b.n], b.to[b.n] = packet, *to
	b.n++
}

// Len returns the number of entries, Full whether no other one fits.
func (b *SendBatch) Len() int   { return b.n }
func (b *SendBatch) Full() bool { return b.n == len(b.packets) }

// Reset empties the batch.
func (b *SendBatch) Reset() { b.n = 0 }

// Err returns why entry i did not leave in the last Send that reported failed
// entries; 0: it left.
func (b *SendBatch) Err(i int) syscall.Errno { return b.errs[i] }

// Send sends the entries in order, one call each. An entry that fails is passed
// over, except that a full socket (EAGAIN) fails all the rest. The batch keeps
// its entries until Reset.
func (c *Conn) Send(b *SendBatch) Sent {
	var s Sent
	clear(b.errs)
	for i := 0; i < b.n; i++ {
		s.Calls++
		errno := c.send(b, i)
		if errno == syscall.EAGAIN {
			for ; i < b.n; i++ {
				b.errs[i] = errno
				s.Failed++
			}
			return s
		}
		if errno != 0 {
			b.errs[i] = errno
			s.Failed++
		}
	}
	return s
}

func (c *Conn) send(b *SendBatch, i int) syscall.Errno {
	if c.fault != nil {
		if _, errno := c.fault(OpSend, b.n-i); errno != 0 {
			return errno
		}
	}
	if c.udp == nil {
		return 0
	}
	if _, err := c.udp.WriteToUDPAddrPort(b.packets[i], b.to[i].AddrPort()); err != nil {
		return errnoOf(err)
	}
	return 0
}

//go:build !linux || portable

package udpbatch

import "net/netip"

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

// Segment returns 0: there are no trains here.
func (b *RecvBatch) Segment(int) int { return 0 }

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

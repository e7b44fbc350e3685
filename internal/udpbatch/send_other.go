//go:build !linux || portable

package udpbatch

import (
	"slices"
	"syscall"
)

// SendBatch is a list of packets for one socket.
type SendBatch struct {
	packets [][]byte
	to      []Addr
	errs    []syscall.Errno
	n       int
	sent    Sent
}

// NewSendBatch makes room for so many entries, each of which is one packet.
func NewSendBatch(entries, _ int) *SendBatch {
	return &SendBatch{
		packets: make([][]byte, entries),
		to:      make([]Addr, entries),
		errs:    make([]syscall.Errno, entries),
	}
}

// SetSegmentation does nothing: every packet is sent by itself.
func (b *SendBatch) SetSegmentation(Segmentation) {}

// Append adds a packet. The bytes must stay as they are until Send returns. The
// batch must not be full.
func (b *SendBatch) Append(packet []byte, to *Addr) {
	b.packets[b.n], b.to[b.n] = packet, *to
	b.n++
}

// AppendFramed adds a packet that is a header, a payload and a tail, which may be
// empty; they need not lie side by side. Else it is as Append.
func (b *SendBatch) AppendFramed(header, payload, tail []byte, to *Addr) {
	b.Append(slices.Concat(header, payload, tail), to)
}

// Len returns the number of packets, Full whether no other one fits.
func (b *SendBatch) Len() int   { return b.n }
func (b *SendBatch) Full() bool { return b.n == len(b.packets) }

// Reset empties the batch.
func (b *SendBatch) Reset() { b.n = 0 }

// Err returns why packet i did not leave in the last Send that reported failed
// packets; 0: it left.
func (b *SendBatch) Err(i int) syscall.Errno { return b.errs[i] }

// Send sends the packets in order, one call each. One that fails is passed over,
// except that a full socket (EAGAIN) fails all the rest. The batch keeps its
// packets until Reset.
//
// The result is the batch's, until the next Send.
func (c *Conn) Send(b *SendBatch) *Sent {
	b.sent = Sent{}
	s := &b.sent
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

//go:build !portable

package udpbatch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SendBatch is a list of packets for one socket. Its arrays are allocated and
// wired once; appending writes pointers, a length and an address.
//
// Packets that follow one another to one destination, all of one size but for a
// shorter last one, are gathered into one entry as they are appended: a run,
// which leaves as one message and which the kernel segments (UDP_SEGMENT). Its
// bytes stay where they are, one to three vectors for each packet.
type SendBatch struct {
	segmentation Segmentation
	entries      int       // in use
	packets      int       // in use
	gathered     bool      // some entry is a run
	sent         Sent      // what Send returned
	to           Addr      // of the last entry
	spare        []mmsghdr // the packets of a run that is sent singly

	// By entry.
	hdrs     []mmsghdr
	names    []sockaddr
	controls []segmentControl
	runs     []run

	// By packet. The vectors of packet i are iovs[starts[i]:starts[i+1]].
	starts []uint32
	errs   []syscall.Errno
	iovs   []unix.Iovec
}

// run is an entry in terms of packets.
type run struct {
	first, packets uint32
	segment        uint32 // size of all packets but the last
	bytes          uint32
	ended          bool // by a shorter packet
}

// maxSegments is what every kernel with UDP_SEGMENT takes in one message, and
// maxRunBytes the longest payload of an IPv4 datagram, which bounds the message
// before it is segmented.
const (
	maxSegments = 64
	maxRunBytes = 65507
)

// vectorsPerPacket is a header and a tail that lie elsewhere, and the payload.
const vectorsPerPacket = 3

// NewSendBatch makes room for so many entries, which hold at most so many
// packets together.
func NewSendBatch(entries, packets int) *SendBatch {
	b := &SendBatch{
		spare:    make([]mmsghdr, min(packets, maxSegments)),
		hdrs:     make([]mmsghdr, entries),
		names:    make([]sockaddr, entries),
		controls: make([]segmentControl, entries),
		runs:     make([]run, entries),
		starts:   make([]uint32, packets+1),
		errs:     make([]syscall.Errno, packets),
		iovs:     make([]unix.Iovec, vectorsPerPacket*packets),
	}
	for i := range b.hdrs {
		b.hdrs[i].wireName(&b.names[i])
		b.hdrs[i].wireControl(&b.controls[i])
	}
	return b
}

// SetSegmentation says which runs may leave as one message. To begin with, none.
// The batch must be empty.
func (b *SendBatch) SetSegmentation(s Segmentation) { b.segmentation = s }

// Append adds a packet. The bytes must stay as they are until Send returns. The
// batch must not be full.
func (b *SendBatch) Append(packet []byte, to *Addr) {
	vector := b.starts[b.packets]
	b.iovs[vector].Base = base(packet)
	b.iovs[vector].SetLen(len(packet))
	b.place(len(packet), 1, to)
}

// AppendFramed adds a packet that is a header, a payload and a tail, which may be
// empty; they need not lie side by side. Else it is as Append.
func (b *SendBatch) AppendFramed(header, payload, tail []byte, to *Addr) {
	vectors := b.iovs[b.starts[b.packets]:]
	vectors[0].Base = base(header)
	vectors[0].SetLen(len(header))
	vectors[1].Base = base(payload)
	vectors[1].SetLen(len(payload))
	used := 2
	if len(tail) > 0 {
		vectors[2].Base = base(tail)
		vectors[2].SetLen(len(tail))
		used = 3
	}
	b.place(len(header)+len(payload)+len(tail), used, to)
}

// place makes the packet whose vectors were just written part of the last entry,
// or of a new one.
func (b *SendBatch) place(size, vectors int, to *Addr) {
	first, n := b.starts[b.packets], uint32(size)
	b.packets++
	b.starts[b.packets] = first + uint32(vectors)
	if b.entries > 0 && b.segmentation != SegmentNone && b.runs[b.entries-1].takes(n) && b.to == *to {
		b.gather(n, vectors)
		return
	}
	b.to = *to
	h := &b.hdrs[b.entries].hdr
	h.Namelen = b.names[b.entries].put(to)
	h.Iov = &b.iovs[first]
	h.SetIovlen(vectors)
	h.SetControllen(0)
	b.runs[b.entries] = run{first: uint32(b.packets - 1), packets: 1, segment: n, bytes: n}
	b.entries++
}

// takes reports whether a packet of this size can follow. An empty one would
// leave no trace in a segmented message.
func (r *run) takes(size uint32) bool {
	return size <= r.segment && size > 0 && !r.ended && r.packets < maxSegments && r.bytes+size <= maxRunBytes
}

// gather adds the last packet to the last entry.
func (b *SendBatch) gather(size uint32, vectors int) {
	r, h := &b.runs[b.entries-1], &b.hdrs[b.entries-1].hdr
	r.packets++
	r.bytes += size
	r.ended = size < r.segment
	h.SetIovlen(int(h.Iovlen) + vectors)
	if r.packets == 2 {
		b.controls[b.entries-1].segment = uint16(r.segment)
		h.SetControllen(sizeofSegmentControl)
		b.gathered = true
	}
}

// Len returns the number of packets, Full whether no other one fits for sure.
func (b *SendBatch) Len() int   { return b.packets }
func (b *SendBatch) Full() bool { return b.entries == len(b.hdrs) || b.packets == len(b.errs) }

// Reset empties the batch.
func (b *SendBatch) Reset() { b.entries, b.packets, b.gathered = 0, 0, false }

// Err returns why packet i did not leave in the last Send that reported failed
// packets; 0: it left.
func (b *SendBatch) Err(i int) syscall.Errno { return b.errs[i] }

// singles writes a header for each packet of an entry, by which they leave one
// by one.
func (b *SendBatch) singles(entry int) []mmsghdr {
	r := &b.runs[entry]
	hdrs := b.spare[:r.packets]
	for i := range hdrs {
		packet := int(r.first) + i
		start, end := b.starts[packet], b.starts[packet+1]
		hdrs[i].hdr = b.hdrs[entry].hdr
		hdrs[i].hdr.Iov = &b.iovs[start]
		hdrs[i].hdr.SetIovlen(int(end - start))
		hdrs[i].hdr.SetControllen(0)
	}
	return hdrs
}

// fail notes errno for the packets from, to-1. The first failure of a Send
// clears what an earlier one left.
func (b *SendBatch) fail(s *Sent, from, to int, errno syscall.Errno) {
	if s.Failed == 0 {
		clear(b.errs)
	}
	for i := from; i < to; i++ {
		b.errs[i] = errno
	}
	s.Failed += to - from
}

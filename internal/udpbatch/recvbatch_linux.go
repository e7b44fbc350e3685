//go:build !portable

package udpbatch

import (
	"os"

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
	controls []receiveControl
	segments []int32 // 0: not a train
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
		controls: make([]receiveControl, l.Slots),
		segments: make([]int32, l.Slots),
	}
	for i := range b.hdrs {
		b.iovs[i].Base = base(b.Slot(i)[l.Headroom:])
		b.iovs[i].SetLen(l.Size)
		b.hdrs[i].wireName(&b.names[i])
		b.hdrs[i].wireVector(&b.iovs[i])
		b.hdrs[i].wireReceive(&b.controls[i])
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

// Size returns the length of what slot i holds, a datagram or a train, which
// begins after the headroom.
func (b *RecvBatch) Size(i int) int { return int(b.hdrs[i].size) }

// Segment returns the size of the datagrams in slot i if it holds a train:
// several of one source that the kernel coalesced, one behind the other, all of
// this size but the last, which may be shorter. 0: it holds one datagram.
func (b *RecvBatch) Segment(i int) int {
	if s := int(b.segments[i]); s < b.Size(i) {
		return s
	}
	return 0
}

// took makes slot i ready for the next call, after the kernel wrote its header:
// again there is room for an address of either family and for control messages.
func (b *RecvBatch) took(i int, trains bool) {
	h := &b.hdrs[i].hdr
	b.segments[i] = 0
	if trains && h.Controllen > 0 {
		b.segments[i] = int32(b.controls[i].segment(int(h.Controllen)))
	}
	h.Namelen = sizeofSockaddr
	h.SetControllen(sizeofReceiveControl)
}

// From stores the source of the datagram in slot i.
func (b *RecvBatch) From(i int, a *Addr) { b.names[i].get(a) }

package fastpath

import (
	"encoding/binary"

	"github.com/fairlead/fairlead/internal/wire"
)

// backlog holds the frames that wait for a client, one behind the other as they
// will be sent: they tell their own lengths. Answers are never dropped,
// datagrams may be.
type backlog struct {
	buf        []byte // from the worker's buffers; nil while nothing waits
	head, tail int    // what waits is buf[head:tail]
	cut        int    // bytes at head that belong to a frame which has begun to leave
	answers    int    // bytes of answers that have not begun to leave
}

// departure is what has begun to leave.
type departure struct{ packets, bytes, answers int }

func (b *backlog) len() int { return b.tail - b.head }

func (b *backlog) bytes() []byte { return b.buf[b.head:b.tail] }

// reserve returns room for a frame of n bytes behind the others, which the
// caller fills.
func (b *backlog) reserve(pool *buffers, n int) []byte {
	if b.tail+n > len(b.buf) {
		b.makeRoom(pool, n)
	}
	room := b.buf[b.tail : b.tail+n]
	b.tail += n
	return room
}

// makeRoom moves what waits to the front, into a larger buffer if needed.
func (b *backlog) makeRoom(pool *buffers, n int) {
	old, waiting := b.buf, b.bytes()
	if b.len()+n > len(old) || b.head < len(old)/2 {
		next := pool.take(max(b.len()+n, len(old)+1))
		b.buf = next[:cap(next)]
	}
	b.tail = copy(b.buf, waiting)
	b.head = 0
	if len(b.buf) != len(old) {
		pool.put(old)
	}
}

// advance takes n bytes off the head, which were sent.
func (b *backlog) advance(n int) (d departure) {
	pos, end := b.head+b.cut, b.head+n
	for pos < end {
		size, payload, isAnswer := queuedFrame(b.buf[pos:b.tail])
		if isAnswer {
			b.answers -= size
			d.answers++
		} else {
			d.packets++
			d.bytes += payload
		}
		pos += size
	}
	b.head, b.cut = end, pos-end
	return d
}

// dropOldest removes the first datagram that has not begun to leave; false: there
// is none. What stands in front of it moves up.
func (b *backlog) dropOldest() bool {
	for pos := b.head + b.cut; pos < b.tail; {
		size, _, isAnswer := queuedFrame(b.buf[pos:b.tail])
		if isAnswer {
			pos += size
			continue
		}
		copy(b.buf[b.head+size:], b.buf[b.head:pos])
		b.head += size
		return true
	}
	return false
}

// A Data indication is one with a datagram in it (RFC 8656 sections 17, 18.3);
// others tell of ICMP errors, and count as answers.
const (
	dataType      = 0x0017
	dataAttribute = 0x0013
)

// queuedFrame reads back what this server wrote: the frame's size, and the
// payload of a datagram.
func queuedFrame(b []byte) (size, payload int, isAnswer bool) {
	size, _ = wire.FrameSize(b)
	length := func(at int) int { return int(binary.BigEndian.Uint16(b[at:])) }
	if wire.Classify(b) == wire.KindChannelData {
		return size, length(2), false
	}
	if length(0) != dataType {
		return size, 0, true
	}
	// XOR-PEER-ADDRESS comes first, then DATA: see wire.PutData.
	const attributeHeader = 4
	data := wire.HeaderSize + attributeHeader + length(wire.HeaderSize+2)
	if length(data) != dataAttribute {
		return size, 0, true
	}
	return size, length(data + 2), false
}

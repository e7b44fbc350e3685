package allocation

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
)

// portQueue holds free ports by the time they came back, the oldest first. It
// is a ring with a place for every port that can ever be in it.
type portQueue struct {
	ring []uint16
	head int // the place of the oldest
	free int
}

// newPortQueue returns a queue of the ports from first to last in steps of two,
// shuffled.
func newPortQueue(first, last int) portQueue {
	q := portQueue{ring: make([]uint16, 0, (last-first+2)/2)}
	for port := first; port <= last; port += 2 {
		q.ring = append(q.ring, uint16(port))
	}
	q.free = len(q.ring)
	for i := q.free - 1; i > 0; i-- {
		j := randomBelow(i + 1)
		q.ring[i], q.ring[j] = q.ring[j], q.ring[i]
	}
	return q
}

// at is the i-th oldest port.
func (q *portQueue) at(i int) *uint16 {
	return &q.ring[(q.head+i)%len(q.ring)]
}

// anyOlder is a random index into the older half of a queue that is not empty.
func (q *portQueue) anyOlder() int {
	return randomBelow((q.free + 1) / 2)
}

// index finds a port that is free. Its absence is a broken queue.
func (q *portQueue) index(port uint16) int {
	for i := range q.free {
		if *q.at(i) == port {
			return i
		}
	}
	panic("allocation: a free port is missing in its queue")
}

// takeAt takes out the i-th oldest port; the oldest goes to its place.
func (q *portQueue) takeAt(i int) uint16 {
	port := *q.at(i)
	*q.at(i) = *q.at(0)
	q.head = (q.head + 1) % len(q.ring)
	q.free--
	return port
}

func (q *portQueue) put(port uint16) {
	*q.at(q.free) = port
	q.free++
}

// randomBelow returns a number from 0 to n-1 that nobody can predict. The bias
// of the multiplication is below n/2^64.
func randomBelow(n int) int {
	var b [8]byte
	rand.Read(b[:]) // never fails: the runtime ends the process first
	high, _ := bits.Mul64(binary.NativeEndian.Uint64(b[:]), uint64(n))
	return int(high)
}

package allocation

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// PortPool hands out the relay ports of one relay address in an order that
// nobody can predict (RFC 6056), and takes them back. Each port is out at most
// once. It is safe for concurrent use, and Live takes no lock.
//
// Free ports queue by the time they came back, even and odd ones apart,
// shuffled at the start. A port that goes out is a random one of the older half
// of its queue, so one that came back rests while at least half of those that
// are free go out before it.
type PortPool struct {
	min, max uint16

	mu        sync.Mutex
	even, odd portQueue // guarded by mu

	taken []atomic.Uint64 // a bit per port from min on; changed under mu
	tcp   []atomic.Uint64 // likewise: of those that are out, for a TCP allocation
}

// NewPortPool returns a pool of the ports min to max, both included. It takes
// about 2 bytes a port.
func NewPortPool(min, max uint16) (*PortPool, error) {
	if min == 0 || min > max {
		return nil, fmt.Errorf("make port pool %d-%d: the first port must be at least 1 and not above the last", min, max)
	}
	first, last := int(min), int(max)
	return &PortPool{
		min:   min,
		max:   max,
		even:  newPortQueue(first+first%2, last),
		odd:   newPortQueue(first+1-first%2, last),
		taken: make([]atomic.Uint64, (last-first)/64+1),
		tcp:   make([]atomic.Uint64, (last-first)/64+1),
	}, nil
}

// Take takes any port; false: none is free.
func (p *PortPool) Take() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.even.free + p.odd.free
	if free == 0 {
		return 0, false
	}
	if randomBelow(free) < p.even.free {
		return p.takeAt(&p.even, p.even.anyOlder()), true
	}
	return p.takeAt(&p.odd, p.odd.anyOlder()), true
}

// TakeEven takes an even port (EVEN-PORT with R = 0); false: none is free.
func (p *PortPool) TakeEven() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.even.free == 0 {
		return 0, false
	}
	return p.takeAt(&p.even, p.even.anyOlder()), true
}

// TakePair takes an even port and the next one (EVEN-PORT with R = 1), and
// returns the even one; false: no such two are free. Each is put back singly.
// The cost grows with the size of the pool.
func (p *PortPool) TakePair() (even uint16, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.findPair()
	if !ok {
		return 0, false
	}
	even = p.takeAt(&p.even, i)
	p.takeAt(&p.odd, p.odd.index(even+1))
	return even, true
}

// Put gives back a port that was taken. To put back one that is not out is a
// defect of the caller (two allocations would share it next) and panics.
func (p *PortPool) Put(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !isSet(p.taken, p.placeOf(port)) {
		panic(fmt.Sprintf("allocation: relay port %d put back but not taken", port))
	}
	clearBit(p.taken, p.placeOf(port))
	clearBit(p.tcp, p.placeOf(port))
	if port%2 == 0 {
		p.even.put(port)
	} else {
		p.odd.put(port)
	}
}

// ForTCP says that a port that is out is one of a TCP allocation (RFC 6062), until
// it is put back.
func (p *PortPool) ForTCP(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	setBit(p.tcp, p.placeOf(port))
}

// Live reports whether port is out for relaying by UDP, which is whether it has
// such an allocation. It may be called by any thread, for any port.
func (p *PortPool) Live(port uint16) bool {
	return p.has(port) && isSet(p.taken, p.placeOf(port)) && !isSet(p.tcp, p.placeOf(port))
}

// LiveTCP is Live for TCP allocations: by the other protocol, whatever program
// happens to have the port would be reached.
func (p *PortPool) LiveTCP(port uint16) bool {
	return p.has(port) && isSet(p.tcp, p.placeOf(port))
}

// Free counts the ports that can be taken.
func (p *PortPool) Free() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.even.free + p.odd.free
}

// Size counts all ports of the pool.
func (p *PortPool) Size() int {
	return int(p.max) - int(p.min) + 1
}

// findPair finds an even port with a free next one: from a random one of the
// older half on to the oldest, and only then among the younger ones.
func (p *PortPool) findPair() (i int, ok bool) {
	if p.even.free == 0 {
		return 0, false
	}
	start := p.even.anyOlder()
	for i := start; i >= 0; i-- {
		if p.isPair(*p.even.at(i)) {
			return i, true
		}
	}
	for i := start + 1; i < p.even.free; i++ {
		if p.isPair(*p.even.at(i)) {
			return i, true
		}
	}
	return 0, false
}

func (p *PortPool) isPair(even uint16) bool {
	return even < p.max && !isSet(p.taken, p.placeOf(even+1))
}

func (p *PortPool) takeAt(queue *portQueue, i int) uint16 {
	port := queue.takeAt(i)
	setBit(p.taken, p.placeOf(port))
	return port
}

func (p *PortPool) has(port uint16) bool { return port >= p.min && port <= p.max }

// placeOf is the number of a port's bit.
func (p *PortPool) placeOf(port uint16) uint16 { return port - p.min }

func isSet(bits []atomic.Uint64, i uint16) bool { return bits[i/64].Load()&(1<<(i%64)) != 0 }

func setBit(bits []atomic.Uint64, i uint16) { bits[i/64].Or(1 << (i % 64)) }

func clearBit(bits []atomic.Uint64, i uint16) { bits[i/64].And(^uint64(1 << (i % 64))) }

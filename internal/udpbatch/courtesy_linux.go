//go:build !portable

package udpbatch

import "time"

// courtesy decides whether a Wait lets the other threads of its CPU run before it
// goes to sleep. If one of them is about to cause more events, as a burst that is
// being sent to this host does, they are all served by one wake-up, and if they
// come at once the thread has not slept at all. Senders on other CPUs gain nothing
// by it. And a thread that computes keeps the CPU until the kernel's next tick, up
// to 4 ms: one that has yielded is not woken by packets, as one that sleeps is.
//
// So it is tried, and judged by what it brings. What brings nothing is tried less
// and less often. The zero value is ready.
//
// A Wait must not yield while something is ready: it would serve the receiver of each
// packet before the next one. So it looks first. Where that has found nothing for
// long, as between packets that come one by one, most Waits are spared the look.
type courtesy struct {
	vain int // how many more were in vain than paid
	rest int // Waits until the next one
	next int // Waits that it rests then, if that was in vain; or shortestRest

	nothing int // looks in a row that found nothing ready
	spared  int // Waits that yield without a look, until the next one
}

const (
	longYield    = time.Millisecond // a burst that is being sent does not take that long
	vainYields   = 16               // so many more in vain than paid, and it rests
	worth        = 4                // one that pays makes up for so many in vain
	shortestRest = 64               // Waits
	longestRest  = 1 << 14          // Waits: up to a second of a busy worker

	sureLooks  = 16 // so many in a row found nothing, and
	sparedEach = 15 // so many Waits are spared between two looks
)

// isDue reports whether this Wait should yield.
func (c *courtesy) isDue() bool {
	if c.rest > 0 {
		c.rest--
		return false
	}
	return true
}

// needsLook reports whether this Wait should look before it yields, and then tell
// what it found to looked.
func (c *courtesy) needsLook() bool {
	if c.spared > 0 {
		c.spared--
		return false
	}
	return true
}

// looked tells whether something was ready.
func (c *courtesy) looked(ready bool) {
	if ready {
		c.nothing = 0
		return
	}
	if c.nothing = min(c.nothing+1, sureLooks); c.nothing == sureLooks {
		c.spared = sparedEach
	}
}

// learn judges a yield: whether something was ready behind it, and how long it took.
func (c *courtesy) learn(found bool, took time.Duration) {
	if found && took < longYield {
		if c.vain = max(0, c.vain-worth); c.vain == 0 {
			c.next = 0
		}
		return
	}
	if c.vain = min(c.vain+1, vainYields); c.vain == vainYields {
		c.rest = max(c.next, shortestRest)
		c.next = min(2*c.rest, longestRest)
	}
}

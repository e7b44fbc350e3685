//go:build !portable

package udpbatch

import (
	"testing"
	"time"
)

// waits runs a courtesy through so many Waits in which yields end as outcome says,
// and returns how many of them yielded.
func (c *courtesy) waits(count int, outcome func(yield int) (found bool, took time.Duration)) (yields int) {
	for range count {
		if c.isDue() {
			c.learn(outcome(yields))
			yields++
		}
	}
	return yields
}

func TestCourtesyThatPaysIsKept(t *testing.T) {
	for name, outcome := range map[string]func(int) (bool, time.Duration){
		"always":                func(int) (bool, time.Duration) { return true, time.Microsecond },
		"every other time":      func(i int) (bool, time.Duration) { return i%2 == 0, time.Microsecond },
		"but for a slow moment": func(i int) (bool, time.Duration) { return true, time.Duration(i%100/99) * time.Second },
	} {
		var c courtesy
		if got := c.waits(10_000, outcome); got != 10_000 {
			t.Errorf("%s: got %d yields in 10,000 waits, want one in each", name, got)
		}
	}
}

func TestCourtesyInVainIsRare(t *testing.T) {
	for name, outcome := range map[string]func(int) (bool, time.Duration){
		"nothing comes":          func(int) (bool, time.Duration) { return false, time.Microsecond },
		"by chance, one in ten":  func(i int) (bool, time.Duration) { return i%10 == 0, time.Microsecond },
		"somebody keeps the CPU": func(int) (bool, time.Duration) { return true, 4 * time.Millisecond },
	} {
		var c courtesy
		c.waits(100_000, outcome)
		if got := c.waits(1_000_000, outcome); got == 0 || got > 1_000 {
			t.Errorf("%s: got %d yields in a million waits, want some, but not a thousand", name, got)
		}
	}
}

// What was in vain for long is found out anew when it starts to pay.
func TestCourtesyComesBack(t *testing.T) {
	var c courtesy
	c.waits(1_000_000, func(int) (bool, time.Duration) { return false, time.Microsecond })
	pays := func(int) (bool, time.Duration) { return true, time.Microsecond }
	c.waits(longestRest+1, pays)
	if got := c.waits(1_000, pays); got != 1_000 {
		t.Errorf("got %d yields in 1,000 waits, want one in each", got)
	}
	vain := c.waits(1_000, func(int) (bool, time.Duration) { return false, time.Microsecond })
	if vain < vainYields || vain > 100 {
		t.Errorf("got %d yields in vain in 1,000 waits, want %d before the first rest and few more", vain, vainYields)
	}
}

// looks runs a courtesy through so many Waits, of which those that look find what
// ready says, and returns how many of them looked.
func (c *courtesy) looks(count int, ready func(wait int) bool) (looks int) {
	for i := range count {
		if c.needsLook() {
			c.looked(ready(i))
			looks++
		}
	}
	return looks
}

func TestCourtesyLooksWhereSomethingIsReady(t *testing.T) {
	for name, ready := range map[string]func(int) bool{
		"always":      func(int) bool { return true },
		"one in four": func(i int) bool { return i%4 == 0 },
	} {
		var c courtesy
		if got := c.looks(10_000, ready); got != 10_000 {
			t.Errorf("%s: got %d looks in 10,000 waits, want one in each", name, got)
		}
	}
}

func TestCourtesySparesLooks(t *testing.T) {
	var c courtesy
	never := func(int) bool { return false }
	c.looks(sureLooks, never)
	if got := c.looks(16_000, never); got != 1_000 {
		t.Errorf("got %d looks in 16,000 waits with nothing ready, want one in 16", got)
	}
	always := func(int) bool { return true }
	if got := c.looks(1_000, always); got < 1_000-sparedEach {
		t.Errorf("got %d looks in 1,000 waits from when something is ready, want all but %d at most", got, sparedEach)
	}
}

//go:build !portable

package udpbatch_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// A Wait that holds its processor must not hold up the collector, which stops
// every goroutine: the signal to stop ends the wait.
func TestHoldLeavesTheCollectorAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	p := newPoller(t, 1)
	p.Hold(time.Hour)
	var stop atomic.Bool
	var waits atomic.Int64
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for !stop.Load() {
			waits.Add(1)
			if _, err := p.Wait(time.Hour); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for waits.Load() == 0 {
		runtime.Gosched()
	}
	for range 10 {
		runtime.GC() // hangs for an hour if the wait does not end
	}
	stop.Store(true)
	p.Wake()
	if err := <-done; err != nil {
		t.Errorf("wait: got %v", err)
	}
	if got := waits.Load(); got < 2 {
		t.Errorf("got %d waits, want the collector to have ended some", got)
	}
}

// A Wait that holds its processor for a part of the time waits for the rest of
// it, too, and finds what comes then.
func TestHoldForAPartOfTheTime(t *testing.T) {
	p := newPoller(t, 1)
	p.Hold(time.Millisecond)
	begin := time.Now()
	if n, err := p.Wait(20 * time.Millisecond); n != 0 || err != nil || time.Since(begin) > time.Minute {
		t.Errorf("nothing comes: got %d events, %v", n, err)
	}
	if p.Woken() {
		t.Error("nothing comes: got a wake-up")
	}
	p.Wake()
	if _, err := p.Wait(time.Hour); err != nil || !p.Woken() {
		t.Errorf("wake-up: got woken %t, %v, want true", p.Woken(), err)
	}
}

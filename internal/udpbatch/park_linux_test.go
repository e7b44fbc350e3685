//go:build !portable

package udpbatch_test

import (
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// quieten lets a poller wait in vain until it parks its goroutine.
func quieten(t *testing.T, p *udpbatch.Poller) {
	t.Helper()
	for range 2 {
		if n, err := p.Wait(time.Millisecond); n != 0 || err != nil || p.Woken() {
			t.Fatalf("nothing comes: got %d events, woken %t, %v", n, p.Woken(), err)
		}
	}
}

// state returns what the runtime says of the goroutine that is in Wait.
func state() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	found := regexp.MustCompile(`goroutine \d+[^\[]*\[([^\],]+)[^\n]*\n(?:[^\n]+\n)*?[^\n]*\(\*Poller\)\.Wait\(`).FindSubmatch(stacks)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// wantState waits until the goroutine in Wait is in a state of the runtime.
func wantState(t *testing.T, want string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got = state(); got == want {
			return
		}
	}
	t.Fatalf("got a goroutine in state %q, want %q", got, want)
}

// After silence the goroutine sleeps in the runtime's poller; each packet, and
// Wake, ends that, and the wait behind it is in a system call again.
func TestPollerParks(t *testing.T) {
	p := newPoller(t, 1)
	c, sender, recv := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{}), newRecvBatch(t)
	if err := p.Add(c, 7); err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		events int
		woken  bool
		err    error
	}
	outcomes := make(chan outcome)
	wait := func() {
		go func() {
			runtime.LockOSThread()
			n, err := p.Wait(time.Hour)
			outcomes <- outcome{n, p.Woken(), err}
		}()
	}
	for range 3 {
		quieten(t, p)
		wait()
		wantState(t, "IO wait")
		send(t, sender, c, 1)
		if got := <-outcomes; got != (outcome{events: 1}) {
			t.Fatalf("a packet: got %+v, want one event", got)
		}
		receive(t, c, recv, 0, 1)

		wait()
		wantState(t, "syscall")
		p.Wake()
		if got := <-outcomes; got != (outcome{woken: true}) {
			t.Fatalf("Wake: got %+v, want to be woken", got)
		}

		quieten(t, p)
		wait()
		wantState(t, "IO wait")
		p.Wake()
		if got := <-outcomes; got != (outcome{woken: true}) {
			t.Fatalf("Wake while parked: got %+v, want to be woken", got)
		}
	}
}

// What came before the goroutine is parked is not missed.
func TestPollerFindsWhatCameBeforeItParked(t *testing.T) {
	p := newPoller(t, 1)
	c, sender := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
	if err := p.Add(c, 7); err != nil {
		t.Fatal(err)
	}
	quieten(t, p)
	if n, err := p.Wait(time.Millisecond); n != 0 || err != nil { // parked, and left for the next one
		t.Fatalf("nothing comes: got %d events, %v", n, err)
	}
	send(t, sender, c, 1)
	if n, err := p.Wait(time.Hour); n != 1 || err != nil {
		t.Errorf("got %d events, %v, want the packet", n, err)
	}
}

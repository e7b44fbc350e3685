package server_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// A thousand resumes in a row, each by a socket of its own, leave what one
// allocation takes: no entries, no descriptors, no goroutines, whether or not data
// came from there.
func TestChainOfResumes(t *testing.T) {
	for name, hasData := range map[string]bool{"with data": true, "without data": false} {
		t.Run(name, func(t *testing.T) {
			f := start(t, withMobility)
			first := f.dialWorker(t, 0, "alice", "wonderland")
			relayed, ticket := first.allocateMobile()
			first.wantCode(first.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
			at := dial(t, f.addr, "bob", "builder")
			step := func() {
				cl := dial(t, f.addr, "alice", "wonderland")
				at.conn.Close() // only now: its port must not be used again at once
				at = cl
				ticket = cl.resume(ticket)
				if hasData {
					f.toPeer(t, cl, 0x4001, relayed)
				}
			}
			for range 20 {
				step() // tables have the size that they need
			}
			descriptors, goroutines, slots := openDescriptors(t), runtime.NumGoroutine(), f.slots(t)
			for range 1000 {
				step()
			}
			if got := openDescriptors(t); got > descriptors {
				t.Errorf("got %d descriptors, before %d", got, descriptors)
			}
			if got := runtime.NumGoroutine(); got > goroutines {
				t.Errorf("got %d goroutines, before %d", got, goroutines)
			}
			if got := f.slots(t); got != slots {
				t.Errorf("got places for %d allocations, before %d", got, slots)
			}
			var allocations, permissions, channels uint64
			f.onWorkers(t, func(int, *fastpath.Worker) {}) // counters are of a finished round
			f.onWorkers(t, func(_ int, w *fastpath.Worker) {
				s := w.Stats()
				allocations, permissions, channels = allocations+s.Allocations, permissions+s.Permissions, channels+s.Channels
			})
			if allocations != 1 || permissions != 1 || channels != 1 {
				t.Errorf("got %d allocations, %d permissions, %d channels, want one each", allocations, permissions, channels)
			}
			ports := f.server.Stats().Ports
			if len(ports) != 1 || ports[0].Free != ports[0].Size-1 {
				t.Errorf("got ports %+v, want one in use", ports)
			}
			last := dial(t, f.addr, "alice", "wonderland")
			last.resume(ticket)
			f.toPeer(t, last, 0x4001, relayed)
			f.toClient(t, last, 0x4001, relayed)
			f.wantMobiles(t, 1)
			last.wantCode(last.do(stun.MethodRefresh, lifetime(0)), 0)
			f.wantMobiles(t, 0)
			f.wantNothingHeld(t)
		})
	}
}

// slots is how many allocations all handlers have places for.
func (f *fixture) slots(t *testing.T) (total int) {
	f.onWorkers(t, func(id int, _ *fastpath.Worker) {
		_, _, _, slots := f.server.Handler(id).Mobile()
		total += slots
	})
	return total
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

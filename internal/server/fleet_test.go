package server_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/quota"
)

// fakeFleet counts by itself, and can be made to wait.
type fakeFleet struct {
	mu    sync.Mutex
	held  map[quota.Holder]int // guarded by mu
	asked int                  // guarded by mu
	hold  chan struct{}        // Reserve waits until it is closed; nil: it does not
}

var _ server.Fleet = (*fakeFleet)(nil)

func newFakeFleet() *fakeFleet { return &fakeFleet{held: make(map[quota.Holder]int)} }

func (f *fakeFleet) Reserve(ctx context.Context, claims []quota.Claim) error {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	for _, c := range claims {
		if c.Limit > 0 && f.held[c.Holder] >= c.Limit {
			return &quota.ExceededError{Limit: c.Name}
		}
	}
	f.add(claims, 1)
	return nil
}

func (f *fakeFleet) Adopt(claims []quota.Claim) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(claims, 1)
}

func (f *fakeFleet) Release(claims []quota.Claim) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(claims, -1)
}

func (f *fakeFleet) Stats() quota.FleetStats { return quota.FleetStats{Enabled: true, Up: true} }

func (f *fakeFleet) add(claims []quota.Claim, delta int) {
	for _, c := range claims {
		if f.held[c.Holder] += delta; f.held[c.Holder] == 0 {
			delete(f.held, c.Holder)
		}
	}
}

// awaitHeld waits until so many allocations of alice are counted.
func (f *fakeFleet) awaitHeld(t *testing.T, want int) {
	t.Helper()
	alice := quota.Holder{Kind: quota.KindUser, Realm: "example.org", User: "alice"}
	var got int
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		f.mu.Lock()
		got = f.held[alice]
		f.mu.Unlock()
		if got == want {
			return
		}
	}
	t.Errorf("got %d allocations of alice counted across servers, want %d", got, want)
}

func startWithFleet(t *testing.T, fleet *fakeFleet, change ...func(*options)) *fixture {
	t.Helper()
	return start(t, append(change, func(o *options) {
		o.fleet = fleet
		if o.settings.Quota == (quota.Limits{}) {
			o.settings.Quota.UserAllocations = 2
		}
	})...)
}

func TestFleetDecides(t *testing.T) {
	fleet := newFakeFleet()
	f := startWithFleet(t, fleet)
	first, second := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "alice", "wonderland")
	first.allocate()
	fleet.awaitHeld(t, 1)
	other := []quota.Claim{{Holder: quota.Holder{Kind: quota.KindUser, Realm: "example.org", User: "alice"}}}
	fleet.Adopt(other) // on another server
	second.wantCode(second.do(stun.MethodAllocate, requestedTransport(17)), 486)
	if got := f.server.Stats().Quota; got.Refused[quota.LimitUserAllocations] != 1 || got.Live != 1 {
		t.Errorf("after a refusal: got %+v, want it counted and one allocation live", got)
	}
	fleet.Release(other)
	second.allocate()
	for _, cl := range []*client{first, second} {
		cl.do(stun.MethodRefresh, lifetime(0))
	}
	fleet.awaitHeld(t, 0)
	f.wantNothingHeld(t)
}

// Only what waits for the fleet waits for it.
func TestSlowFleetHoldsUpNobodyElse(t *testing.T) {
	fleet := newFakeFleet()
	fleet.hold = make(chan struct{})
	f := startWithFleet(t, fleet, func(o *options) { o.workers = 1 })
	slow, quick := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "bob", "builder")
	slow.challenge()
	request := slow.signed(stun.MethodAllocate, requestedTransport(17))
	slow.send(request.Raw)
	slow.send(request.Raw) // sent again meanwhile: one allocation all the same
	for range 3 {
		quick.wantCode(quick.do(stun.MethodRefresh), 437)
	}
	close(fleet.hold)
	slow.wantCode(slow.receive(), 0)
	fleet.awaitHeld(t, 1)
}

// A place that the fleet has granted goes back when the Allocate fails after it,
// and when it is not asked because nothing limits the user it is counted anyway.
func TestFleetGetsBackWhatWasNotUsed(t *testing.T) {
	fleet := newFakeFleet()
	f := startWithFleet(t, fleet, func(o *options) { o.minPort, o.maxPort = 22010, 22010 })
	first, late := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "alice", "wonderland")
	first.allocate()
	late.wantCode(late.do(stun.MethodAllocate, requestedTransport(17)), 508)
	fleet.awaitHeld(t, 1)
	first.do(stun.MethodRefresh, lifetime(0))
	fleet.awaitHeld(t, 0)
	f.apply(t, func(o *options) { o.settings.Quota = quota.Limits{AllocationNewPeersPerSecond: 5} })
	asked := fleet.asked
	late.allocate()
	fleet.awaitHeld(t, 1)
	if fleet.asked != asked {
		t.Error("the fleet was asked although nothing limits the user")
	}
}

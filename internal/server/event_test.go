package server_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// collector is a sink that keeps what it gets.
type collector struct {
	mu  sync.Mutex
	all []events.Event
}

func (c *collector) Name() string { return "collector" }
func (c *collector) Close() error { return nil }

func (c *collector) Deliver(_ context.Context, batch []events.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, batch...)
	return nil
}

// wait returns the events once so many have come.
func (c *collector) wait(t *testing.T, n int) []events.Event {
	t.Helper()
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		c.mu.Lock()
		got := slices.Clone(c.all)
		c.mu.Unlock()
		if len(got) >= n {
			return got
		}
	}
	t.Fatalf("got %v, want %d events", c.all, n)
	return nil
}

// startHeard runs a server whose events are collected.
func startHeard(t *testing.T, change ...func(*options)) (*fixture, *collector) {
	t.Helper()
	heard := new(collector)
	bus := events.New(zap.NewNop(), heard)
	ctx, cancel := context.WithCancel(context.Background())
	var hearing sync.WaitGroup
	hearing.Go(func() { bus.Run(ctx) })
	t.Cleanup(func() { cancel(); hearing.Wait() })
	f := start(t, append(change, func(o *options) {
		o.workers, o.events = 1, bus
		o.auth.Secrets = append(o.auth.Secrets, authn.Secret{Name: "acme", Value: "fourth secret", Tenant: "acme"})
	})...)
	return f, heard
}

// The life of an allocation is told with who, where, how much and why.
func TestEventsOfAnAllocation(t *testing.T) {
	f, heard := startHeard(t)
	username := "4102444800:carol"
	cl := dial(t, f.addr, username, restPassword("fourth secret", username))
	relayed := cl.allocate()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	cl.send(channelData(0x4000, []byte("12345")))
	f.receiveFromRelay(t)
	f.sendToRelay(t, relayed, []byte("123"))
	cl.receiveRaw()
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(900)), 0)
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)

	got := heard.wait(t, 3)
	got = slices.DeleteFunc(got, func(e events.Event) bool { return e.Type == events.Usage }) // a tick may have come
	for len(got) < 3 {
		got = slices.DeleteFunc(heard.wait(t, len(got)+1), func(e events.Event) bool { return e.Type == events.Usage })
	}
	for i, want := range []events.Event{
		{Type: events.Created, LifetimeSeconds: 600},
		{Type: events.Refreshed, LifetimeSeconds: 900, ToPeerPackets: 1, ToPeerBytes: 5, ToClientPackets: 1, ToClientBytes: 3},
		{Type: events.Ended, Reason: "client", ToPeerPackets: 1, ToPeerBytes: 5, ToClientPackets: 1, ToClientBytes: 3},
	} {
		e := got[i]
		if e.Time.IsZero() || len(e.ID) != 18 || e.ID != got[0].ID || e.DurationSeconds < 0 {
			t.Errorf("%s: got time %s, id %q, duration %v", e.Type, e.Time, e.ID, e.DurationSeconds)
		}
		want.Time, want.ID, want.DurationSeconds = e.Time, e.ID, e.DurationSeconds
		want.Realm, want.Tenant, want.User, want.Transport = "example.org", "acme", "carol", "udp"
		want.Client, want.Server, want.Relayed = cl.addr(), f.addr, relayed
		if e != want {
			t.Errorf("got %+v, want %+v", e, want)
		}
	}
}

// How many allocations there are does not change how often each tells its usage.
func TestUsageOfOneIsToldOnceAMinute(t *testing.T) {
	const minutes = 5
	heard := new(collector)
	bus := events.New(zap.NewNop(), heard)
	ctx, cancel := context.WithCancel(t.Context())
	var hearing sync.WaitGroup
	hearing.Go(func() { bus.Run(ctx) })
	t.Cleanup(func() { cancel(); hearing.Wait() })
	f := start(t, func(o *options) { o.workers, o.events = 1, bus })
	dial(t, f.addr, "alice", "wonderland").allocate()
	w, h := f.engine.Workers()[0], f.server.Handler(0)
	ticked := make(chan struct{})
	for range minutes * 60 {
		if err := w.Post(func(w *fastpath.Worker) { h.Tick(w, time.Now()); ticked <- struct{}{} }); err != nil {
			t.Fatal(err)
		}
		<-ticked
	}
	dial(t, f.addr, "alice", "wonderland").allocate() // heard behind all of that
	usages, created := 0, 0
	for n := 1; created < 2; n++ {
		switch heard.wait(t, n)[n-1].Type {
		case events.Created:
			created++
		case events.Usage:
			usages++
		}
	}
	// The worker ticks meanwhile as well.
	if usages < minutes || usages > minutes+1 {
		t.Errorf("got %d usages in %d minutes of ticks, want one each minute", usages, minutes)
	}
}

// What is live tells its usage within a minute of ticks, each in its share, and
// its end when the server stops.
func TestEventsOfUsageAndStop(t *testing.T) {
	const allocations = 130
	heard := new(collector)
	t.Run("server", func(t *testing.T) {
		bus := events.New(zap.NewNop(), heard)
		ctx, cancel := context.WithCancel(context.Background())
		var hearing sync.WaitGroup
		hearing.Go(func() { bus.Run(ctx) })
		t.Cleanup(func() { cancel(); hearing.Wait() })
		f := start(t, func(o *options) { o.workers, o.events = 1, bus })
		for range allocations {
			dial(t, f.addr, "alice", "wonderland").allocate()
		}
		before := len(heard.wait(t, allocations))
		w, h := f.engine.Workers()[0], f.server.Handler(0)
		shares := make(chan int, 60)
		for range 60 {
			if err := w.Post(func(w2 *fastpath.Worker) { h.Tick(w2, time.Now()); shares <- 0 }); err != nil {
				t.Fatal(err)
			}
			<-shares
		}
		usage := make(map[string]int)
		for _, e := range heard.wait(t, before+allocations) {
			if e.Type == events.Usage {
				usage[e.ID]++
			}
		}
		if len(usage) != allocations {
			t.Errorf("got the usage of %d allocations after a minute of ticks, want all %d", len(usage), allocations)
		}
	})
	ended := make(map[string]string)
	for _, e := range heard.all {
		if e.Type == events.Ended {
			ended[e.ID] = e.Reason
		}
	}
	if len(ended) != allocations {
		t.Errorf("got the end of %d allocations, want all %d", len(ended), allocations)
	}
	for id, reason := range ended {
		if reason != "stopped" {
			t.Errorf("%s: got reason %q, want stopped", id, reason)
		}
	}
}

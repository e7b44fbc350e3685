package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// warmAllocations are made before anything is measured: what they touch
	// first is not a cost of each allocation.
	warmAllocations = 50
	// setupTurns is how often the servers take turns until each has its allocations.
	// A turn begins with what a pause leaves behind, cold caches and sleeping
	// threads, so that many short ones would measure pauses.
	setupTurns = 10
	// idleTime is how long a warm server rests until its memory is read.
	idleTime = 2 * time.Second
	// restSpan is for how many times the rest before memory is read a server's CPU time
	// at rest is measured: one collection in it must not decide.
	restSpan = 3
	// firstClientPort is the client's port of the first allocation.
	firstClientPort = 2000
)

// controlPeer is the peer of one allocation's channel. Each has its own: a server
// that shares relay ports tells its clients apart by their peers.
func controlPeer(allocation int) netip.AddrPort {
	return netip.AddrPortFrom(peerAddr, uint16(5000+allocation))
}

// tenant is a server that is filled with allocations.
type tenant struct {
	*server
	allocations   int       // made so far
	setup         []float64 // CPU ns of one allocation, by turn
	residentBytes int64     // when idle
}

// measureControl measures on fresh servers what allocations cost, in CPU time
// and in memory, and then what a refused request costs.
func (l *lab) measureControl(ctx context.Context, o CompareOptions) ([]Cost, error) {
	var tenants []*tenant
	defer func() {
		for _, t := range tenants {
			t.stop()
		}
	}()
	for _, spec := range o.Servers {
		s, err := l.startServer(ctx, spec)
		if err != nil {
			return nil, err
		}
		tenants = append(tenants, &tenant{server: s})
	}
	o.Progress.say("making %d allocations on each server", o.Allocations)
	if err := l.fill(ctx, tenants, o.Allocations); err != nil {
		return nil, err
	}
	if err := rest(ctx, o.Rest); err != nil {
		return nil, err
	}
	costs := make([]Cost, len(tenants))
	for i, t := range tenants {
		bytes, err := t.process.residentBytes()
		if err != nil {
			return nil, t.explain(err)
		}
		costs[i] = Cost{
			Server:          t.spec.Name,
			Allocations:     o.Allocations,
			SetupNs:         quartilesOf(t.setup),
			AllocationBytes: float64(bytes-t.residentBytes) / float64(o.Allocations),
		}
	}
	if err := l.measureRest(ctx, tenants, costs, restSpan*o.Rest); err != nil {
		return nil, err
	}
	o.Progress.say("measuring answers 401")
	return costs, l.measureRefusals(ctx, tenants, costs, pace{rounds: o.Rounds, slice: o.Slice})
}

// measureRest measures what servers use that have rested already, and go on doing
// so.
func (l *lab) measureRest(ctx context.Context, tenants []*tenant, costs []Cost, duration time.Duration) error {
	used := make([]time.Duration, len(tenants))
	for i, t := range tenants {
		var err error
		if used[i], err = t.process.cpuTime(); err != nil {
			return t.explain(err)
		}
	}
	begin := time.Now()
	if err := rest(ctx, duration); err != nil {
		return err
	}
	for i, t := range tenants {
		now, err := t.process.cpuTime()
		if err != nil {
			return t.explain(err)
		}
		costs[i].RestShare = (now - used[i]).Seconds() / time.Since(begin).Seconds()
	}
	return nil
}

// fill warms the servers up, notes their memory, and gives each so many
// allocations, taking turns.
func (l *lab) fill(ctx context.Context, tenants []*tenant, allocations int) error {
	for _, t := range tenants {
		if err := l.allocate(t, warmAllocations); err != nil {
			return err
		}
		t.setup = nil
	}
	if err := rest(ctx, idleTime); err != nil {
		return err
	}
	for _, t := range tenants {
		var err error
		if t.residentBytes, err = t.process.residentBytes(); err != nil {
			return t.explain(err)
		}
	}
	turn := (allocations + setupTurns - 1) / setupTurns
	for made := 0; made < allocations; made += turn {
		for _, t := range tenants {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := l.allocate(t, min(turn, allocations-made)); err != nil {
				return err
			}
		}
	}
	return nil
}

// allocate makes allocations with one channel each, one after the other, and
// notes the CPU time of the server for one. The clients are on the server's
// CPU, too, so that every request is a wake-up, as it is on a quiet server.
func (l *lab) allocate(t *tenant, count int) error {
	before, err := t.process.cpuTime()
	if err != nil {
		return t.explain(err)
	}
	err = l.clients.do(func() error {
		if err := bindThread(l.cpu, unix.SCHED_BATCH); err != nil {
			return err
		}
		for range count {
			if err := t.allocate(); err != nil {
				return fmt.Errorf("allocation %d: %w", t.allocations+1, err)
			}
			t.allocations++
		}
		return nil
	})
	if err != nil {
		return t.explain(err)
	}
	after, err := t.process.cpuTime()
	if err != nil {
		return t.explain(err)
	}
	t.setup = append(t.setup, float64(after-before)/float64(count))
	return nil
}

// allocate makes one allocation from a new client. Its socket closes, the
// server does not learn that.
func (t *tenant) allocate() error {
	from := netip.AddrPortFrom(clientAddr, uint16(firstClientPort+t.allocations))
	return t.setUp(from, controlPeer(t.allocations), func(*client) error { return nil })
}

// setUp makes an allocation with one channel from a new client and does with it what
// then says.
func (s *server) setUp(from, peer netip.AddrPort, then func(*client) error) (err error) {
	fd, err := openSocket(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	if err := connect(fd, s.addr); err != nil {
		return err
	}
	c := client{fd: fd}
	if _, err := c.allocate(); err != nil {
		return err
	}
	if err := c.bind(channelNumber, peer); err != nil {
		return err
	}
	return then(&c)
}

// rest waits, or returns early with the context's error.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Latency measures how long packets take through servers that have many other
// allocations, at half of the load that the first one can carry.
func Latency(ctx context.Context, o LatencyOptions) (report *LatencyReport, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	l, err := openLab(o.CPU)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	report = &LatencyReport{Machine: l.machine, Date: time.Now(), PayloadBytes: o.Payload, Flows: o.Flows, Allocations: o.Allocations, Rounds: o.Rounds}

	up, err := l.openLineup(ctx, o.Servers, o.Flows)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	report.Servers = contenders(up.servers)
	o.Progress.say("making %d allocations on each server", o.Allocations)
	if o.Allocations > 0 {
		var tenants []*tenant
		for _, s := range up.servers {
			tenants = append(tenants, &tenant{server: s})
		}
		if err := l.fill(ctx, tenants, o.Allocations); err != nil {
			return nil, err
		}
	}
	for _, d := range []Direction{ToPeer, ToClient} {
		latencies, err := up.latency(ctx, d, o)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", d, err)
		}
		report.Latencies = append(report.Latencies, latencies...)
	}
	return report, nil
}

// latency measures one direction: first the capacity of the reference, then
// all ways in turns.
func (up *lineup) latency(ctx context.Context, d Direction, o LatencyOptions) (latencies []LatencyAt, err error) {
	loops, tallies, err := up.openLoops(d, o.Payload, o.Flows)
	defer func() {
		for _, l := range loops {
			err = errors.Join(err, l.close())
		}
	}()
	if err != nil {
		return nil, err
	}
	reference := loops[1]
	at := LatencyAt{Direction: d}
	o.Progress.say("%s: looking for the capacity of %s", d, up.servers[0].spec.Name)
	err = up.lab.onOtherCPU(func() (err error) {
		at.CapacityPackets, at.IsBound, err = reference.capacity(ctx, evenly(reference.offers))
		return err
	})
	if err != nil {
		return nil, err
	}
	at.OfferedPackets = at.CapacityPackets / 2
	o.Progress.say("%s: %.0f packets per second come through; measuring at half of it", d, at.CapacityPackets)

	latencies = make([]LatencyAt, len(loops))
	added := make([][len(percents)][]float64, len(loops))
	for i, l := range loops {
		latencies[i] = at
		evenly(l.offers)(at.OfferedPackets)
	}
	for range o.Rounds {
		for i, l := range loops {
			if err := up.measureUndisturbed(ctx, l, tallies[i], i-1, o.Slice, &latencies[i]); err != nil {
				return nil, err
			}
			for p, percent := range percents {
				added[i][p] = append(added[i][p], tallies[i].at(percent)-tallies[0].at(percent))
			}
		}
	}
	for i := range latencies {
		latencies[i].AddedP50Ns = quartilesOf(added[i][0])
		latencies[i].AddedP99Ns = quartilesOf(added[i][1])
		latencies[i].AddedP999Ns = quartilesOf(added[i][2])
	}
	return latencies[1:], nil
}

// percents are the quantiles that are told.
var percents = [...]float64{50, 99, 99.9}

// disturbedSlices is how often a slice is measured anew because the hypervisor
// took the CPU away in it.
const disturbedSlices = 8

// measureUndisturbed measures a slice in which the hypervisor left the machine
// alone, or after some tries one in which it did not, and notes that.
func (up *lineup) measureUndisturbed(ctx context.Context, l *openLoop, t *tally, server int, slice time.Duration, at *LatencyAt) error {
	for try := 0; ; try++ {
		t.histogram.Reset()
		one := *at
		before, err := stolenTicks()
		if err != nil {
			return err
		}
		if err := up.measureLatency(ctx, l, server, slice, &one); err != nil {
			return err
		}
		after, err := stolenTicks()
		if err != nil {
			return err
		}
		if after != before && try < disturbedSlices {
			at.Repeated++
			continue
		}
		if after != before {
			one.Disturbed++
		}
		*at = one
		return nil
	}
}

// measureLatency offers one slice of load to one server, or for -1 to the
// direct way.
func (up *lineup) measureLatency(ctx context.Context, l *openLoop, server int, slice time.Duration, at *LatencyAt) error {
	run := func() error { return up.lab.onOtherCPU(func() error { return l.run(ctx, slice) }) }
	if server < 0 {
		return run()
	}
	s := up.servers[server]
	at.Server = s.spec.Name
	before := s.process.collections()
	err := s.reloading(run)
	if err != nil {
		return err
	}
	if s.process.hasEnded() {
		return s.explain(errors.New("it ended during the measurement"))
	}
	at.Collections += s.process.collections() - before
	sent, received := counts(l.offers)
	at.Sent += sent
	at.Lost += sent - received
	return nil
}

// openLoops prepares the load on the direct way and then on each server, and a
// tally for each.
func (up *lineup) openLoops(d Direction, payload, flows int) (loops []*openLoop, tallies []*tally, err error) {
	for _, way := range append([][]*flow{up.direct}, up.relayed...) {
		t := newTally()
		var offers []*offer
		for _, f := range way[:flows] {
			if err := f.refresh(); err != nil {
				return loops, nil, err
			}
			o, err := f.newOffer(d, payload, time.Second, t)
			if err != nil {
				return loops, nil, err
			}
			offers = append(offers, o)
		}
		l, err := newOpenLoop(offers)
		if err != nil {
			return loops, nil, err
		}
		loops, tallies = append(loops, l), append(tallies, t)
	}
	return loops, tallies, nil
}

// reloading runs f while the server is told to reload as often as its Spec wants.
func (s *server) reloading(f func() error) error {
	if s.spec.ReloadEvery == 0 {
		return f()
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(s.spec.ReloadEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = s.process.cmd.Process.Signal(syscall.SIGHUP) // that it has ended shows otherwise
			case <-done:
				return
			}
		}
	}()
	err := f()
	close(done)
	<-stopped
	return err
}

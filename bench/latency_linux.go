package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// refreshInterval is how often permissions and channels are renewed, at most one round
// later: permissions last five minutes.
const refreshInterval = time.Minute

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
	report = &LatencyReport{Machine: l.machine, Date: time.Now(), PayloadBytes: o.Payload, Flows: o.Flows, Allocations: o.Allocations, SetUps: o.SetUps, Rounds: o.Rounds}

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
	ways, err := up.ways(d, o)
	defer func() {
		for _, w := range ways {
			err = errors.Join(err, w.loop.close())
		}
	}()
	if err != nil {
		return nil, err
	}
	direct, reference := ways[0], ways[1]
	o.Progress.say("%s: looking for the capacity of %s", d, reference.server.spec.Name)
	var packets float64
	var isBound bool
	err = up.lab.onOtherCPU(func() (err error) {
		packets, isBound, err = reference.loop.capacity(ctx, evenly(reference.loop.offers))
		return err
	})
	if err != nil {
		return nil, err
	}
	o.Progress.say("%s: %.0f packets per second come through; measuring at half of it", d, packets)
	for _, w := range ways {
		evenly(w.loop.offers)(packets / 2)
	}
	refreshed := time.Now()
	for range o.Rounds {
		if time.Since(refreshed) > refreshInterval {
			if err := up.refresh(o.Flows); err != nil {
				return nil, err
			}
			refreshed = time.Now()
		}
		for _, w := range ways {
			if err := w.measureUndisturbed(ctx, up, o.Slice); err != nil {
				return nil, err
			}
			w.addBeyond(direct)
		}
	}
	for _, w := range ways[1:] {
		at := w.report(direct)
		at.Direction, at.CapacityPackets, at.IsBound, at.OfferedPackets = d, packets, isBound, packets/2
		latencies = append(latencies, at)
	}
	return latencies, nil
}

// ways prepares the load on the direct way and then on each server.
func (up *lineup) ways(d Direction, o LatencyOptions) (ways []*way, err error) {
	if err := up.refresh(o.Flows); err != nil {
		return nil, err
	}
	for i, flows := range append([][]*flow{up.direct}, up.relayed...) {
		w := &way{slice: newTally(), all: newTally()}
		if i > 0 {
			w.server = up.servers[i-1]
			w.churn = newChurn(up.lab, w.server, o.SetUps)
		}
		var offers []*offer
		for _, f := range flows[:o.Flows] {
			offer, err := f.newOffer(d, o.Payload, time.Second, w.slice)
			if err != nil {
				return ways, err
			}
			offers = append(offers, offer)
		}
		if w.loop, err = newOpenLoop(offers); err != nil {
			return ways, err
		}
		ways = append(ways, w)
	}
	return ways, nil
}

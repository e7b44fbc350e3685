package bench

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"
)

// lineup is what takes part in a measurement: the direct way and servers, each
// with the flows of the largest cell.
type lineup struct {
	lab     *lab
	servers []*server
	direct  []*flow
	relayed [][]*flow // by server
}

// openLineup starts the servers and opens flows to all of them.
func (l *lab) openLineup(ctx context.Context, specs []Spec, flows int) (up *lineup, err error) {
	up = &lineup{lab: l, relayed: make([][]*flow, len(specs))}
	defer func() {
		if err != nil {
			err = errors.Join(err, up.close())
		}
	}()
	for _, spec := range specs {
		s, err := l.startServer(ctx, spec)
		if err != nil {
			return up, err
		}
		up.servers = append(up.servers, s)
	}
	for range flows {
		f, err := l.openDirectFlow()
		if err != nil {
			return up, err
		}
		up.direct = append(up.direct, f)
		for i, s := range up.servers {
			if f, err = l.openRelayedFlow(s); err != nil {
				return up, err
			}
			up.relayed[i] = append(up.relayed[i], f)
		}
	}
	return up, nil
}

// pids are the processes of the measurement, this one and the servers.
func (up *lineup) pids() map[int]bool {
	own := map[int]bool{os.Getpid(): true}
	for _, s := range up.servers {
		own[s.process.cmd.Process.Pid] = true
	}
	return own
}

// close ends the servers and closes the sockets.
func (up *lineup) close() error {
	for _, s := range up.servers {
		s.stop()
	}
	var err error
	for _, f := range slices.Concat(append(up.relayed, up.direct)...) {
		err = errors.Join(err, f.close())
	}
	return err
}

// pace says how long a cell is measured: in every round a slice of time for
// the direct way and one for each server.
type pace struct {
	rounds int
	slice  time.Duration
}

// measure measures one cell on all servers.
func (up *lineup) measure(ctx context.Context, c Cell, payload int, p pace) (measurements []Measurement, err error) {
	routes, err := up.routes(c, payload)
	defer func() {
		for _, r := range routes {
			err = errors.Join(err, r.close())
		}
	}()
	if err != nil {
		return nil, err
	}
	samples := make([]*sample, len(routes))
	for i := range samples {
		samples[i] = newSample()
	}
	err = onGenerator(up.lab.cpu, func() error {
		for range p.rounds {
			for i, r := range routes {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				samples[i].slice(r, p.slice)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	measurements = make([]Measurement, len(up.servers))
	for i, s := range up.servers {
		if s.process.hasEnded() {
			return nil, s.explain(errors.New("it ended during the measurement"))
		}
		measurements[i] = compareWithDirect(samples[0], samples[i+1])
		measurements[i].Cell, measurements[i].Server = c, s.spec.Name
	}
	return measurements, nil
}

// refresh renews the permissions and channels of so many flows to each server, which
// last five minutes.
func (up *lineup) refresh(flows int) error {
	for _, relayed := range up.relayed {
		for _, f := range relayed[:flows] {
			if err := f.refresh(); err != nil {
				return err
			}
		}
	}
	return nil
}

// routes prepares the cell on the direct way and then on each server.
func (up *lineup) routes(c Cell, payload int) ([]*route, error) {
	if err := up.refresh(c.Flows); err != nil {
		return nil, err
	}
	var routes []*route
	for _, flows := range append([][]*flow{up.direct}, up.relayed...) {
		r, err := routeOver(flows, c, payload)
		if err != nil {
			return routes, err
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// compareWithDirect takes the baseline from what a server cost.
func compareWithDirect(direct, relayed *sample) Measurement {
	m := Measurement{
		BaselineNs: medianOf(direct.perPacket),
		TotalNs:    medianOf(relayed.perPacket),
		Bursts:     relayed.bursts,
		Loss:       max(relayed.loss(), direct.loss()),
	}
	m.NetNs = m.TotalNs - m.BaselineNs
	for i, total := range relayed.rounds {
		if total == 0 || direct.rounds[i] == 0 {
			m.Stalled++
		}
		m.NetRoundsNs = append(m.NetRoundsNs, total-direct.rounds[i])
	}
	return m
}

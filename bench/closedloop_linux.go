package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ClosedLoop measures one server.
func ClosedLoop(ctx context.Context, o ClosedLoopOptions) (report *Report, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	l, err := openLab(o.CPU)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.transport = o.Transport

	rounds := max(minRounds, int(o.Duration/(2*longestSlice)))
	p := pace{rounds: rounds, slice: o.Duration / time.Duration(2*rounds)}
	report = newReport(l, o.Payload, p)
	err = report.measureCells(ctx, l, []Spec{o.Server}, o.Cells, p, o.Progress)
	return report, err
}

// newReport is a report without figures.
func newReport(l *lab, payload int, p pace) *Report {
	return &Report{
		Machine:      l.machine,
		Date:         time.Now(),
		PayloadBytes: payload,
		Transport:    l.transport,
		SliceMs:      p.slice.Milliseconds(),
	}
}

// measureCells starts the servers, measures every cell on all of them, and
// stops them.
func (r *Report) measureCells(ctx context.Context, l *lab, specs []Spec, cells []Cell, p pace, progress Progress) (err error) {
	flows := 0
	for _, c := range cells {
		flows = max(flows, c.Flows)
	}
	up, err := l.openLineup(ctx, specs, flows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	r.Servers = contenders(up.servers)
	for _, c := range cells {
		progress.say("measuring %s", c)
		measurements, err := up.measure(ctx, c, r.PayloadBytes, p)
		if err != nil {
			return fmt.Errorf("measure %s: %w", c, err)
		}
		r.Cells = append(r.Cells, measurements...)
	}
	return nil
}

// contenders describes the servers of a run.
func contenders(servers []*server) []Contender {
	var list []Contender
	for _, s := range servers {
		list = append(list, Contender{Name: s.spec.Name, Version: s.spec.Version, Command: s.spec.Command})
	}
	return list
}

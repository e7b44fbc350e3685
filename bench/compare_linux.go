package bench

import (
	"context"
	"errors"
)

// Compare measures several servers in one run: all cells with the servers
// taking turns, then, on fresh processes, what control costs.
func Compare(ctx context.Context, o CompareOptions) (report *Report, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	l, err := openLab(o.CPU)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.transport = o.Transport

	p := pace{rounds: o.Rounds, slice: o.Slice}
	report = newReport(l, o.Payload, p)
	if err := report.measureCells(ctx, l, o.Servers, o.Cells, p, o.Progress); err != nil {
		return report, err
	}
	if o.Allocations == 0 {
		return report, nil
	}
	report.Costs, err = l.measureControl(ctx, o)
	return report, err
}

package bench

import (
	"context"
	"errors"
	"syscall"
	"time"
)

// percents are the quantiles that are told.
var percents = [...]float64{50, 99, 99.9}

// disturbedSlices is how often a slice is measured anew because the machine did
// something else in it.
const disturbedSlices = 8

// way is one that packets take from end to end: the direct one, or that through a
// server.
type way struct {
	server *server // nil: the direct one
	loop   *openLoop
	churn  *churn                   // nil on the direct way
	slice  *tally                   // of one slice
	all    *tally                   // of all slices that were not disturbed
	added  [len(percents)][]float64 // ns beyond the direct way, by slice
	told   LatencyAt                // its counts
}

// measureUndisturbed measures a slice in which the machine did nothing else, or
// after some tries one in which it did, and notes that.
func (w *way) measureUndisturbed(ctx context.Context, up *lineup, slice time.Duration) error {
	own := up.pids()
	for try := 0; ; try++ {
		w.slice.histogram.Reset()
		counted := w.told
		before, err := disturbanceBeside(own)
		if err != nil {
			return err
		}
		if err := w.measure(ctx, up.lab, slice); err != nil {
			return err
		}
		after, err := disturbanceBeside(own)
		if err != nil {
			return err
		}
		disturbed := spoiled(before, after, slice)
		if disturbed && try < disturbedSlices {
			w.told = counted
			w.told.Repeated++
			continue
		}
		if disturbed {
			w.told.Disturbed++
		} else {
			w.all.histogram.Merge(w.slice.histogram)
		}
		return nil
	}
}

// measure offers one slice of load.
func (w *way) measure(ctx context.Context, l *lab, slice time.Duration) error {
	run := func() error { return l.onOtherCPU(func() error { return w.loop.run(ctx, slice) }) }
	if w.server == nil {
		return run()
	}
	before := w.server.process.collections()
	setUps, err := w.churn.during(func() error { return w.server.reloading(run) })
	if err != nil {
		return err
	}
	if w.server.process.hasEnded() {
		return w.server.explain(errors.New("it ended during the measurement"))
	}
	w.told.SetUps += setUps
	w.told.Collections += w.server.process.collections() - before
	sent, received := counts(w.loop.offers)
	w.told.Sent += sent
	w.told.Lost += sent - received
	return nil
}

// addBeyond notes what the last slice took longer than that of the direct way.
func (w *way) addBeyond(direct *way) {
	for i, percent := range percents {
		w.added[i] = append(w.added[i], w.slice.at(percent)-direct.slice.at(percent))
	}
}

// report sums up what was measured.
func (w *way) report(direct *way) LatencyAt {
	at := w.told
	at.Server = w.server.spec.Name
	at.AddedP50Ns = quartilesOf(w.added[0])
	at.AddedP99Ns = quartilesOf(w.added[1])
	at.AddedP999Ns = quartilesOf(w.added[2])
	at.AllAddedP99Ns = w.all.at(99) - direct.all.at(99)
	return at
}

// reloading runs f while the server is told to reload as often as its Spec wants.
func (s *server) reloading(f func() error) error {
	if s.spec.ReloadEvery == 0 {
		return f()
	}
	return meanwhile(f, func(stop <-chan struct{}) error {
		return every(s.spec.ReloadEvery, stop, func() error {
			_ = s.process.cmd.Process.Signal(syscall.SIGHUP) // that it has ended shows otherwise
			return nil
		})
	})
}

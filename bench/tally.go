package bench

import "github.com/HdrHistogram/hdrhistogram-go"

const (
	// longestLatency is what a tally holds at most, in ns; longer ones count as
	// this.
	longestLatency = int64(10e9)
	// tallyDigits is the precision of a tally.
	tallyDigits = 3
)

// tally is a histogram of latencies in nanoseconds.
type tally struct{ histogram *hdrhistogram.Histogram }

func newTally() *tally { return &tally{hdrhistogram.New(1, longestLatency, tallyDigits)} }

// add counts one packet. A clock that was set back makes it one nanosecond.
func (t *tally) add(ns int64) {
	_ = t.histogram.RecordValue(min(max(ns, 1), longestLatency)) // always in range
}

// at returns a quantile in ns.
func (t *tally) at(percent float64) float64 {
	return float64(t.histogram.ValueAtQuantile(percent))
}

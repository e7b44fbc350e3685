package bench

import "time"

const (
	// maxSliceBursts is how many bursts of one slice are kept: those of 100 ms, if a
	// burst takes longer than half a microsecond. Others still count for the loss.
	maxSliceBursts = 1 << 18
	// maxBursts is how many bursts of all slices are kept at most.
	maxBursts = 1 << 20
)

// sample collects the bursts over one route.
type sample struct {
	current   []float64 // ns of each burst of this slice without loss, divided by its packets
	perPacket []float64 // the same of all slices; where there are many, of every thin-th
	thin      int
	bursts    int       // without loss
	rounds    []float64 // median of each slice, 0: no burst came through whole
	sent      int       // packets
	lost      int
}

func newSample() *sample {
	return &sample{current: make([]float64, 0, maxSliceBursts), thin: 1}
}

// slice runs bursts for the given time.
func (s *sample) slice(r *route, duration time.Duration) {
	for start := time.Now(); time.Since(start) < duration; {
		elapsed, lost := r.run()
		s.sent += r.burst
		s.lost += lost
		if lost == 0 && len(s.current) < cap(s.current) {
			s.current = append(s.current, float64(elapsed)/float64(r.burst))
		}
	}
	s.endSlice()
}

// endSlice sums the slice up and keeps its bursts. It sorts them, so that leaving out
// every second one leaves the quantiles where they are.
func (s *sample) endSlice() {
	s.rounds = append(s.rounds, medianOf(s.current))
	s.bursts += len(s.current)
	for len(s.perPacket)+len(s.current)/s.thin > maxBursts {
		s.thin *= 2
		s.perPacket = everyNth(s.perPacket[:0], s.perPacket, 2)
	}
	s.perPacket = everyNth(s.perPacket, s.current, s.thin)
	s.current = s.current[:0]
}

// everyNth appends every n-th value.
func everyNth(to, values []float64, n int) []float64 {
	for i := 0; i < len(values); i += n {
		to = append(to, values[i])
	}
	return to
}

// loss is the fraction of packets that did not come out.
func (s *sample) loss() float64 {
	if s.sent == 0 {
		return 0
	}
	return float64(s.lost) / float64(s.sent)
}

package bench

import "time"

// maxSamples bounds what one sample keeps; bursts beyond it still count for
// the loss.
const maxSamples = 1 << 18

// sample collects the bursts over one route.
type sample struct {
	perPacket []float64 // ns of each burst without loss, divided by its packets
	rounds    []float64 // median of each slice, 0: no burst came through whole
	sent      int       // packets
	lost      int
}

func newSample() *sample {
	return &sample{perPacket: make([]float64, 0, maxSamples)}
}

// slice runs bursts for the given time.
func (s *sample) slice(r *route, duration time.Duration) {
	first := len(s.perPacket)
	for start := time.Now(); time.Since(start) < duration; {
		elapsed, lost := r.run()
		s.sent += r.burst
		s.lost += lost
		if lost == 0 && len(s.perPacket) < cap(s.perPacket) {
			s.perPacket = append(s.perPacket, float64(elapsed)/float64(r.burst))
		}
	}
	s.rounds = append(s.rounds, medianOf(s.perPacket[first:]))
}

// loss is the fraction of packets that did not come out.
func (s *sample) loss() float64 {
	if s.sent == 0 {
		return 0
	}
	return float64(s.lost) / float64(s.sent)
}

package bucket

import "time"

// Wait tells how long it takes until Take of so many bytes can succeed, if nobody
// else draws on the bucket: for whoever may slow down instead of dropping. 0 is
// now, and always the answer for index 0.
func (a *Array) Wait(i Index, nowNs int64, payloadBytes int) time.Duration {
	if i == 0 {
		return 0
	}
	s := a.slot(i)
	cost, arrival := rate(s.rate.Load()).cost(payloadBytes), s.arrival.Load()
	if cost == 0 || arrival <= nowNs {
		return 0
	}
	// Take admits what fits into the burst, and anything once the bucket is full.
	return time.Duration(max(0, min(arrival, arrival+cost-s.burst.Load())-nowNs))
}

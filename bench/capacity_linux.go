package bench

import "context"

const (
	// firstRate and highestRate bound the search, in packets per second.
	firstRate, highestRate = 20_000, 20_000_000
	// trials is how often a rate has to lose packets until it is too high: a
	// pause of the machine is not the server's.
	trials = 3
	// bisections narrows the rate down to some 3 %.
	bisections = 5
	// firstLoss is the fraction of lost packets that ends a server's capacity.
	firstLoss = 0.001
	// offeredLeast is the fraction of the packets that the generator must have
	// managed to send.
	offeredLeast = 0.98
)

// rates sets the intervals of offers for a total rate in packets per second.
type rates func(total float64)

// evenly shares the rate out between all of them.
func evenly(offers []*offer) rates {
	return func(total float64) {
		for _, o := range offers {
			o.interval = int64(float64(len(offers)) * 1e9 / total)
		}
	}
}

// capacity finds the highest rate that comes through. It is not the server's
// but only a lower bound when the generator could not offer more.
func (l *openLoop) capacity(ctx context.Context, set rates) (found float64, isBound bool, err error) {
	low, high := 0.0, float64(firstRate)
	for ; high < highestRate; low, high = high, 2*high {
		tooHigh, err := l.isTooHigh(ctx, set, high)
		if err != nil {
			return 0, false, err
		}
		if tooHigh {
			break
		}
	}
	for range bisections {
		middle := (low + high) / 2
		tooHigh, err := l.isTooHigh(ctx, set, middle)
		if err != nil {
			return 0, false, err
		}
		if tooHigh {
			high = middle
		} else {
			low = middle
		}
	}
	set(high)
	if err := l.run(ctx, trialTime); err != nil {
		return 0, false, err
	}
	return low, !l.offered(high), nil
}

// isTooHigh reports whether a rate loses packets each time that it is tried, or
// is more than the generator can offer.
func (l *openLoop) isTooHigh(ctx context.Context, set rates, rate float64) (bool, error) {
	set(rate)
	for range trials {
		if err := l.run(ctx, trialTime); err != nil {
			return false, err
		}
		if l.offered(rate) && lossOf(l.offers) < firstLoss {
			return false, nil
		}
	}
	return true, nil
}

// offered reports whether the last trial sent what it should.
func (l *openLoop) offered(rate float64) bool {
	sent, _ := counts(l.offers)
	return float64(sent) >= offeredLeast*rate*trialTime.Seconds()
}

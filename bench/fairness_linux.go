package bench

import (
	"context"
	"errors"
	"time"
)

// Fairness measures what voice flows lose beside one bulk flow: from peers to
// clients while the bulk flow floods, from clients to peers, where all packets
// meet in one socket, at four fifths of what comes through without loss.
func Fairness(ctx context.Context, o FairnessOptions) (report *FairnessReport, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	l, err := openLab(o.CPU)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	report = &FairnessReport{Machine: l.machine, Date: time.Now(), PayloadBytes: o.Payload, Voices: o.Voices}
	up, err := l.openLineup(ctx, o.Servers, o.Voices+1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	report.Servers = contenders(up.servers)
	for _, d := range []Direction{ToClient, ToPeer} {
		for i, s := range up.servers {
			o.Progress.say("%s: %s", d, s.spec.Name)
			share, err := l.share(ctx, up.relayed[i], d, o)
			if err != nil {
				return nil, s.explain(err)
			}
			if s.process.hasEnded() {
				return nil, s.explain(errors.New("it ended during the measurement"))
			}
			share.Server = s.spec.Name
			report.Shares = append(report.Shares, share)
		}
	}
	return report, nil
}

// share measures one direction on the flows of one server, the last of which is
// the bulk flow.
func (l *lab) share(ctx context.Context, flows []*flow, d Direction, o FairnessOptions) (share Share, err error) {
	share.Direction = d
	voices, bulk := newTally(), newTally()
	var offers []*offer
	for i, f := range flows {
		if err := f.refresh(); err != nil {
			return share, err
		}
		interval, t := time.Second/voicePackets, voices
		if i == o.Voices {
			t = bulk
			if d == ToClient {
				interval = 0 // a flood
			}
		}
		offer, err := f.newOffer(d, o.Payload, interval, t)
		if err != nil {
			return share, err
		}
		offers = append(offers, offer)
	}
	loop, err := newOpenLoop(offers)
	if err != nil {
		return share, err
	}
	defer func() { err = errors.Join(err, loop.close()) }()
	err = l.onOtherCPU(func() error {
		if d == ToPeer {
			set := beside(o.Voices, offers[o.Voices])
			if share.CapacityPackets, share.IsBound, err = loop.capacity(ctx, set); err != nil {
				return err
			}
			set(calmLoad * share.CapacityPackets)
			voices.histogram.Reset()
		}
		return loop.run(ctx, o.Duration)
	})
	if err != nil {
		return share, err
	}
	sent, received := counts(offers[:o.Voices])
	share.VoiceSent, share.VoiceLost = sent, sent-received
	share.BulkSent, share.BulkLost = offers[o.Voices].sent, offers[o.Voices].sent-offers[o.Voices].received
	share.VoiceP99Ns = voices.at(99)
	return share, nil
}

// beside gives the bulk flow what the voice flows leave of a rate.
func beside(voices int, bulk *offer) rates {
	return func(total float64) {
		rest := max(total-float64(voices*voicePackets), voicePackets)
		bulk.interval = int64(1e9 / rest)
	}
}

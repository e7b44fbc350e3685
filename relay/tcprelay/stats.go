package tcprelay

import "sync/atomic"

// counts is what happened so far.
type counts struct {
	connected, failed, timedOut atomic.Uint64
	accepted, rejected          atomic.Uint64
	expired                     atomic.Uint64
}

// Stats is a snapshot of a Relay.
type Stats struct {
	Unbound int // connections without a client now, unconnected ones included
	Bound   int // pairs of data connections now

	Connected uint64 // Connects that succeeded
	Failed    uint64 // that the peer, or the network, refused
	TimedOut  uint64
	Accepted  uint64 // connections of peers that clients were told of
	Rejected  uint64 // connections of peers that were closed at once
	Expired   uint64 // connections that no client came for in time
}

// Stats returns a snapshot.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	s := Stats{Unbound: r.waiting, Bound: r.bound}
	r.mu.Unlock()
	s.Connected, s.Failed, s.TimedOut = r.counts.connected.Load(), r.counts.failed.Load(), r.counts.timedOut.Load()
	s.Accepted, s.Rejected = r.counts.accepted.Load(), r.counts.rejected.Load()
	s.Expired = r.counts.expired.Load()
	return s
}

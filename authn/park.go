package authn

import (
	"bytes"
	"context"
	"net/netip"
	"sync"
	"time"
)

// MaxParkedBytes bounds one parked datagram, so that a full Park has a known
// size. STUN requests with every attribute at its longest are shorter.
const MaxParkedBytes = 4096

// ParkConfig bounds a Park. All three are positive.
type ParkConfig struct {
	Requests int           // most requests parked at once
	Lookups  int           // most look-ups running at once; the others wait in turn
	Deadline time.Duration // a request that waited this long is dropped
}

// ParkKey names a request: its five-tuple and transaction id. A retransmission
// has the same key.
type ParkKey struct {
	Transport      uint8
	Client, Server netip.AddrPort
	TransactionID  [12]byte
}

// ParkStats counts what became of requests. Waiting is current, the others
// only grow; Started = Replayed + Failed + Late + Waiting.
type ParkStats struct {
	Waiting    int
	Started    uint64 // parked
	Duplicates uint64 // dropped: the same request is parked
	Refused    uint64 // dropped: full, closed, or longer than MaxParkedBytes
	Replayed   uint64 // handed back after the look-up
	Failed     uint64 // dropped: the look-up returned an error
	Late       uint64 // dropped: the deadline passed, or Close came first
}

// Park holds requests whose user only a back-end knows, so that no worker waits
// for it. The look-up runs on a goroutine of the Park; then the request is
// replayed from its first byte and must find the answer in the cache that the
// look-up filled. Safe for concurrent use.
type Park struct {
	cfg     ParkConfig
	ctx     context.Context
	cancel  context.CancelFunc
	turn    chan struct{} // holds one token per running look-up
	lookups sync.WaitGroup

	mu      sync.Mutex
	waiting map[ParkKey]struct{} // guarded by mu
	closed  bool                 // guarded by mu
	stats   ParkStats            // guarded by mu; Waiting is filled by Stats
}

// NewPark returns an empty Park. Close it to end its look-ups.
func NewPark(cfg ParkConfig) *Park {
	ctx, cancel := context.WithCancel(context.Background())
	return &Park{
		cfg:     cfg,
		ctx:     ctx,
		cancel:  cancel,
		turn:    make(chan struct{}, cfg.Lookups),
		waiting: make(map[ParkKey]struct{}),
	}
}

// Start parks a copy of the datagram and runs lookup, which must return soon
// after its context ends. When lookup returned nil before the deadline, replay
// gets the copy, once, on a goroutine of the Park: it posts to the worker that
// owns the client. By then the key is free again, and a request that still
// finds no answer must be dropped, not parked anew.
//
// Start never waits. It returns false when it did not park the request, which
// the caller then drops; Stats tells why.
func (p *Park) Start(key ParkKey, datagram []byte, lookup func(ctx context.Context) error, replay func(datagram []byte)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, parked := p.waiting[key]; parked {
		p.stats.Duplicates++
		return false
	}
	if p.closed || len(p.waiting) >= p.cfg.Requests || len(datagram) > MaxParkedBytes {
		p.stats.Refused++
		return false
	}
	p.stats.Started++
	p.waiting[key] = struct{}{}
	datagram = bytes.Clone(datagram)
	deadline := time.Now().Add(p.cfg.Deadline)
	p.lookups.Go(func() {
		ctx, cancel := context.WithDeadline(p.ctx, deadline)
		defer cancel()
		err := p.lookUp(ctx, lookup)
		if p.leave(ctx, key, err) {
			replay(datagram)
		}
	})
	return true
}

// lookUp runs lookup when its turn comes.
func (p *Park) lookUp(ctx context.Context, lookup func(ctx context.Context) error) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
		return lookup(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave frees the key, counts the outcome and reports whether to replay.
func (p *Park) leave(ctx context.Context, key ParkKey, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, key)
	switch {
	case ctx.Err() != nil:
		p.stats.Late++
	case err != nil:
		p.stats.Failed++
	default:
		p.stats.Replayed++
		return true
	}
	return false
}

// Stats returns the counters.
func (p *Park) Stats() ParkStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Waiting = len(p.waiting)
	return s
}

// Close drops what is parked and waits for the look-ups to return; afterwards
// nothing is replayed. It may be called again.
func (p *Park) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.lookups.Wait()
}

package fleet

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/quota"
)

// Fleet is this node's part in the counts. Safe for concurrent use.
type Fleet struct {
	cfg      Config
	client   *redis.Client
	requests chan *request
	kick     chan struct{} // something is dirty
	done     chan struct{} // Run has ended

	mu    sync.Mutex
	own   map[quota.Holder]int      // allocations on this node; guarded by mu
	dirty map[quota.Holder]struct{} // whose count Redis may not know; guarded by mu

	up       atomic.Bool   // the last exchange succeeded
	granted  atomic.Uint64 // by Redis
	refused  atomic.Uint64
	fallback atomic.Uint64 // granted because Redis did not answer
}

// request is a reservation that waits for its answer.
type request struct {
	claims []Claim
	answer chan int // 0: granted; else the number of the full holder
	state  atomic.Int32
}

const (
	waiting   = iota
	answered  // by Run
	abandoned // by Reserve, whose context ended
)

// Open prepares a Fleet; Run makes it work. It does not connect: a Redis that is
// down must not keep a server from starting.
func Open(cfg Config) (*Fleet, error) {
	options, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("parse the URL of Redis: want redis://[user:password@]host:port/database, rediss://… or unix://…")
	}
	silence()
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = timeout, timeout, timeout
	options.MaxRetries = -1 // a renewal repairs what an attempt left undone
	return &Fleet{
		cfg:      cfg,
		client:   redis.NewClient(options),
		requests: make(chan *request, batchSize),
		kick:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		own:      make(map[quota.Holder]int),
		dirty:    make(map[quota.Holder]struct{}),
	}, nil
}

// Reserve takes a place for an allocation: one in the count of each claim, or
// none and an *quota.ExceededError. It waits for Redis, at most until ctx ends.
// Whoever gets a nil gives it back with Release.
func (f *Fleet) Reserve(ctx context.Context, claims []Claim) error {
	if len(claims) == 0 {
		return nil
	}
	r := &request{claims: claims, answer: make(chan int, 1)}
	select {
	case f.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-f.done:
		return ErrClosed
	}
	select {
	case full := <-r.answer:
		return verdict(claims, full)
	case <-ctx.Done():
	case <-f.done:
	}
	if r.state.CompareAndSwap(waiting, abandoned) {
		if err := ctx.Err(); err != nil {
			return err
		}
		return ErrClosed
	}
	return verdict(claims, <-r.answer)
}

func verdict(claims []Claim, full int) error {
	if full == 0 {
		return nil
	}
	return &quota.ExceededError{Limit: claims[full-1].Name}
}

// Adopt counts an allocation without asking: one that no limit holds for, but
// that a later one must find counted. It is given back with Release.
func (f *Fleet) Adopt(claims []Claim) {
	f.add(claims, 1, true)
	f.wake()
}

// Release gives back what Reserve took. It never waits.
func (f *Fleet) Release(claims []Claim) {
	f.add(claims, -1, true)
	f.wake()
}

// wake tells Run that something is dirty.
func (f *Fleet) wake() {
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// add changes the own counts; dirty ones Redis does not know yet.
func (f *Fleet) add(claims []Claim, delta int, isDirty bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range claims {
		if f.own[c.Holder] += delta; f.own[c.Holder] <= 0 {
			delete(f.own, c.Holder)
		}
		if isDirty {
			f.dirty[c.Holder] = struct{}{}
		}
	}
}

// Stats returns a snapshot.
func (f *Fleet) Stats() quota.FleetStats {
	return quota.FleetStats{
		Enabled: true, Up: f.up.Load(),
		Granted: f.granted.Load(), Refused: f.refused.Load(), Fallback: f.fallback.Load(),
	}
}

// setUp notes whether Redis answers, and says so when that changed.
func (f *Fleet) setUp(err error) {
	if was := f.up.Swap(err == nil); was == (err == nil) {
		return
	}
	if err == nil {
		f.cfg.Log.Info("Redis answers: quotas count across servers")
		return
	}
	f.cfg.Log.Warn("Redis does not answer: quotas count on this server only until it does", zap.NamedError("err", err))
}

package fleet

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairlead/fairlead/quota"
)

// lastsLeases is how long a count lasts without a renewal, in leases: the counts
// of holders that nobody asks about any more must go, too.
const lastsLeases = 4

// Run talks to Redis until ctx is done; then it gives back what this node has.
func (f *Fleet) Run(ctx context.Context) error {
	defer f.client.Close()
	f.renew(ctx)
	next := time.Now()
	for {
		timer := time.NewTimer(time.Until(next))
		var batch []*request
		select {
		case <-ctx.Done():
			timer.Stop()
			f.leave()
			return nil
		case r := <-f.requests:
			batch = f.drain(r)
		case <-f.kick:
		case <-timer.C:
			f.renew(ctx)
			next = time.Now().Add(f.interval())
		}
		timer.Stop()
		if len(batch) > 0 || f.up.Load() {
			f.exchange(ctx, batch)
		}
	}
}

// interval is the time to the next renewal: three for each lease, or the next
// attempt.
func (f *Fleet) interval() time.Duration {
	if f.up.Load() {
		return f.cfg.Lease / 3
	}
	return retryInterval
}

// drain collects what waits now.
func (f *Fleet) drain(first *request) []*request {
	batch := []*request{first}
	for len(batch) < batchSize {
		select {
		case r := <-f.requests:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// renew extends the lease and writes all counts.
func (f *Fleet) renew(ctx context.Context) {
	f.mu.Lock()
	for h := range f.own {
		f.dirty[h] = struct{}{}
	}
	f.mu.Unlock()
	f.setUp(f.write(ctx))
}

// write tells Redis the lease and every dirty count. No reservation is under way
// meanwhile, so the counts are what Redis should have.
func (f *Fleet) write(ctx context.Context) error {
	f.mu.Lock()
	counts := make(map[quota.Holder]int, len(f.dirty))
	for h := range f.dirty {
		counts[h] = f.own[h]
	}
	clear(f.dirty)
	f.mu.Unlock()
	err := f.send(ctx, counts)
	if err != nil {
		f.mu.Lock()
		for h := range counts {
			f.dirty[h] = struct{}{}
		}
		f.mu.Unlock()
	}
	return err
}

func (f *Fleet) send(ctx context.Context, counts map[quota.Holder]int) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := f.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, nodeKey(f.cfg.Node), 1, f.cfg.Lease)
		for h, n := range counts {
			key := holderKey(h)
			if n == 0 {
				p.HDel(ctx, key, f.cfg.Node)
				continue
			}
			p.HSet(ctx, key, f.cfg.Node, n)
			p.PExpire(ctx, key, lastsLeases*f.cfg.Lease)
		}
		return nil
	})
	return err
}

// exchange writes what is dirty and answers a batch of reservations.
func (f *Fleet) exchange(ctx context.Context, batch []*request) {
	var verdicts []*redis.Cmd
	err := redis.ErrClosed
	if f.up.Load() {
		if err = f.write(ctx); err == nil {
			verdicts, err = f.ask(ctx, batch)
		}
		f.setUp(err)
	}
	for i, r := range batch {
		if err != nil || i >= len(verdicts) {
			f.fallback.Add(1)
			f.answer(r, 0)
			continue
		}
		full, bad := verdicts[i].Int()
		if bad != nil || full > len(r.claims) {
			full = 0
		}
		f.answer(r, full)
	}
}

// ask puts a batch of reservations to Redis.
func (f *Fleet) ask(ctx context.Context, batch []*request) ([]*redis.Cmd, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := reserveScript.Load(ctx, f.client).Err(); err != nil {
		return nil, err
	}
	verdicts := make([]*redis.Cmd, 0, len(batch))
	_, err := f.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, r := range batch {
			keys := make([]string, 0, len(r.claims))
			args := []any{nodeKey(""), f.cfg.Node, (lastsLeases * f.cfg.Lease).Milliseconds()}
			for _, c := range r.claims {
				keys = append(keys, holderKey(c.Holder))
				args = append(args, c.Limit)
			}
			verdicts = append(verdicts, reserveScript.EvalSha(ctx, p, keys, args...))
		}
		return nil
	})
	return verdicts, err
}

// answer counts a verdict and hands it over. A place that nobody waits for any
// more is given back.
func (f *Fleet) answer(r *request, full int) {
	if full > 0 {
		f.refused.Add(1)
	} else {
		f.granted.Add(1)
		f.add(r.claims, 1, !f.up.Load())
	}
	if r.state.CompareAndSwap(waiting, answered) {
		r.answer <- full
	} else if full == 0 {
		f.Release(r.claims)
	}
}

// leave gives back what this node has and ends its lease.
func (f *Fleet) leave() {
	close(f.done)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if f.up.Load() {
		// The lease runs out by itself should this fail.
		_ = f.client.Del(ctx, nodeKey(f.cfg.Node)).Err()
	}
}

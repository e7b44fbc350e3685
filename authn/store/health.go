package store

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// count adds up a query and notices when the back-end goes down.
func (s *Store) count(took time.Duration, err error) {
	s.mu.Lock()
	s.stats.Queries++
	s.stats.QueryTime += took
	isFailure := err != nil && !errors.Is(err, ErrNotFound) && s.ctx.Err() == nil
	if isFailure {
		s.stats.Errors++
	}
	goesDown := isFailure && !errors.Is(err, ErrRejected) && !s.isDown && !s.isClosed
	if goesDown {
		s.isDown, s.downAt = true, time.Now()
		s.tasks.Go(s.watch)
	}
	s.mu.Unlock()
	if goesDown {
		s.log.Error("store is down: users that only it knows cannot authenticate until it is back", zap.NamedError("err", err))
	}
}

// watch asks after a back-end that is down until it answers.
func (s *Store) watch() {
	for wait := firstPing; ; wait = pingInterval {
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
			return
		}
		if s.ping() != nil {
			continue
		}
		s.mu.Lock()
		s.isDown = false
		down := time.Since(s.downAt)
		s.mu.Unlock()
		s.log.Info("store is back", zap.Duration("down", down.Round(time.Millisecond)))
		return
	}
}

func (s *Store) ping() error {
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
	defer cancel()
	return s.backend.Ping(ctx)
}

// Check asks the back-end once, at start, so that a mistake in its
// configuration shows before the first user does. A failure is counted and
// logged like those of queries, and Check waits no longer than one of them.
func (s *Store) Check() {
	if err := s.ping(); err != nil {
		s.count(0, err)
	}
}

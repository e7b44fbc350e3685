package store

import (
	"context"
	"sync"
	"time"
)

// Refresh asks again about everything that is remembered, so that a reload sees
// users and secrets as they are now. What it cannot ask before ctx ends is
// asked when it is next wanted. While the back-end is down everything stays.
func (s *Store) Refresh(ctx context.Context) {
	users, realms := s.expire()
	var tasks sync.WaitGroup
	for _, realm := range realms {
		tasks.Go(func() { _ = s.FetchSecrets(ctx, realm) }) // counted; the old ones have expired
	}
	tasks.Wait()
	// As many at once as there are turns: more would only wait.
	work := make(chan key)
	for range s.cfg.Queries {
		tasks.Go(func() {
			for k := range work {
				_ = s.Fetch(ctx, k.realm, k.name)
			}
		})
	}
	for _, k := range users {
		if ctx.Err() != nil {
			break
		}
		work <- k
	}
	close(work)
	tasks.Wait()
}

// expire ends the freshness of all answers and lists whom they were about.
func (s *Store) expire() (users []key, realms []string) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isDown {
		return nil, nil
	}
	s.unknown = newCache(s.cfg.Entries)
	for _, k := range s.known.keys() {
		e := s.known.entries[k].Value.(*entry)
		e.until = now
		if !k.isHash {
			users = append(users, k)
		}
	}
	for realm, e := range s.secrets {
		e.until = now
		realms = append(realms, realm)
	}
	return users, realms
}

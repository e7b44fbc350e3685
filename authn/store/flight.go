package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// staleHold is how long an old answer serves once a query for a new one failed.
const staleHold = time.Second

var (
	errBusy   = errors.New("too many users are being asked for")
	errClosed = errors.New("store is closed")
	errDown   = errors.New("store is down")
)

// flight is one query that is under way, whoever waits for it.
type flight struct {
	done chan struct{} // closed at its end
	err  error         // written before done is closed
}

// landed is the flight of whoever comes just after one has ended.
var landed = func() *flight {
	f := &flight{done: make(chan struct{})}
	close(f.done)
	return f
}()

// Fetch asks the back-end about a user unless somebody does already, and waits
// for the answer. Where a fresh one has come since the caller found none, it asks
// nothing.
func (s *Store) Fetch(ctx context.Context, realm, username string) error {
	if !maySayName(username) {
		return nil
	}
	k := key{realm: realm, name: username}
	return s.fly(ctx, k, func(ctx context.Context) (err, kept error) {
		record, err := s.backend.User(ctx, realm, username)
		return err, s.remember(k, username, record, err)
	})
}

// FetchHash is Fetch by USERHASH; the user behind is remembered, too.
func (s *Store) FetchHash(ctx context.Context, realm string, hash [sha256.Size]byte) error {
	k := key{realm: realm, name: string(hash[:]), isHash: true}
	return s.fly(ctx, k, func(ctx context.Context) (err, kept error) {
		name, record, err := s.backend.UserByHash(ctx, realm, hash)
		if err == nil {
			_ = s.remember(key{realm: realm, name: name}, name, record, nil) // nil for nil
		}
		return err, s.remember(k, name, record, err)
	})
}

// FetchSecrets asks the back-end for the shared secrets of a realm.
func (s *Store) FetchSecrets(ctx context.Context, realm string) error {
	return s.fly(ctx, key{realm: realm}, func(ctx context.Context) (err, kept error) {
		list, err := s.backend.Secrets(ctx, realm)
		return err, s.rememberSecrets(realm, list, err)
	})
}

// query asks the back-end and remembers its answer. It returns what the
// back-end said, and whether there is an answer to look up now.
type query func(ctx context.Context) (err, kept error)

// fly runs query once for all who want k at the same time. The query has its
// own deadline, so the first to ask may leave without spoiling it for others.
func (s *Store) fly(ctx context.Context, k key, query query) error {
	f, err := s.board(k, query)
	if err != nil {
		return err
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) board(k key, query query) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[k]; f != nil {
		return f, nil
	}
	if s.isFresh(k, time.Now()) {
		return landed, nil
	}
	switch {
	case s.isClosed:
		return nil, errClosed
	case s.isDown:
		return nil, errDown
	case len(s.flights) >= maxFlights:
		s.stats.Refused++
		return nil, errBusy
	}
	f := &flight{done: make(chan struct{})}
	s.flights[k] = f
	s.tasks.Go(func() {
		f.err = s.ask(query)
		s.mu.Lock()
		delete(s.flights, k)
		s.mu.Unlock()
		close(f.done)
	})
	return f, nil
}

// isFresh reports whether there is an answer that needs no query. s.mu is held.
func (s *Store) isFresh(k key, now time.Time) bool {
	if k == (key{realm: k.realm}) {
		e := s.secrets[k.realm]
		return e != nil && now.Before(e.until)
	}
	e := s.known.get(k)
	if e == nil {
		e = s.unknown.get(k)
	}
	return e != nil && now.Before(e.until)
}

// ask runs a query when its turn comes, and counts.
func (s *Store) ask(query query) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	s.mu.Lock()
	isDown := s.isDown
	s.mu.Unlock()
	if isDown {
		return errDown // while this one waited for its turn
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
	defer cancel()
	began := time.Now()
	err, kept := query(ctx)
	s.count(time.Since(began), err)
	return kept
}

// remember keeps the answer of a query. It returns nil when Lookup has an
// answer now, be it an old one.
func (s *Store) remember(k key, name string, record authn.Record, err error) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		if record.Tenant == "" {
			record.Tenant = s.cfg.Tenant
		}
		s.unknown.remove(k)
		until := now.Add(s.cfg.TTL)
		s.known.put(&entry{key: k, name: name, record: record, until: until, stale: until.Add(s.cfg.Stale)})
		return nil
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrRejected):
		s.known.remove(k)
		s.unknown.put(&entry{key: k, until: now.Add(s.cfg.NegativeTTL)})
		return nil
	}
	if e := s.known.get(k); e != nil && now.Before(e.stale) {
		e.until = now.Add(min(staleHold, e.stale.Sub(now)))
		return nil
	}
	return err
}

// rememberSecrets is remember for the shared secrets of a realm.
func (s *Store) rememberSecrets(realm string, list []authn.Secret, err error) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		list = slices.Clone(list) // the back-end may keep its own
		for i := range list {
			if list[i].Tenant == "" {
				list[i].Tenant = s.cfg.Tenant
			}
		}
		until := now.Add(s.cfg.TTL)
		s.secrets[realm] = &secretsEntry{secrets: authn.NewSecrets(list), until: until, stale: until.Add(s.cfg.Stale)}
		return nil
	}
	if e := s.secrets[realm]; e != nil && now.Before(e.stale) {
		e.until = now.Add(min(staleHold, e.stale.Sub(now)))
		return nil
	}
	return err
}

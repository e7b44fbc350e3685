package store

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
)

// Config bounds a Store. All values are positive, but for Stale.
type Config struct {
	Name string // for logs and metrics
	Type string // of back-end, for metrics

	Realms []string // prepared names of those that it is asked about; empty: all
	Tenant string   // that its users and secrets belong to, unless they have one; may be empty

	TTL         time.Duration // how long an answer is fresh
	NegativeTTL time.Duration // how long it is remembered that a user is unknown
	Stale       time.Duration // how long an old answer serves while the back-end is down; 0: not at all
	Entries     int           // users remembered, and as many unknown names
	Timeout     time.Duration // longest query
	Queries     int           // queries at once
}

const (
	// maxFlights bounds the users that are being asked for in one Store, so that
	// a slow one leaves room for requests that wait for others.
	maxFlights = 1024
	// A back-end that failed once counts as down until it answers a ping: users
	// of other stores must not wait for it. The first ping comes soon, as the
	// failure may have been chance.
	firstPing    = 100 * time.Millisecond
	pingInterval = time.Second
)

// Store answers from memory for one Backend, which it owns.
type Store struct {
	cfg     Config
	backend Backend
	log     *zap.Logger
	ctx     context.Context
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	turn    chan struct{} // holds one token per running query

	mu       sync.Mutex
	known    *cache                   // guarded by mu
	unknown  *cache                   // guarded by mu; apart, so that guesses push out no user
	secrets  map[string]*secretsEntry // guarded by mu; by realm
	flights  map[key]*flight          // guarded by mu
	isDown   bool                     // guarded by mu
	downAt   time.Time                // guarded by mu
	isClosed bool                     // guarded by mu
	stats    Stats                    // guarded by mu
}

// secretsEntry is the shared secrets of one realm.
type secretsEntry struct {
	secrets *authn.Secrets
	until   time.Time
	stale   time.Time
}

// New returns a Store in front of a back-end. Close ends both.
func New(cfg Config, backend Backend, log *zap.Logger) *Store {
	ctx, cancel := context.WithCancel(context.Background())
	return &Store{
		cfg:     cfg,
		backend: backend,
		log:     log.Named("store").With(zap.String("store", cfg.Name)),
		ctx:     ctx,
		cancel:  cancel,
		turn:    make(chan struct{}, cfg.Queries),
		known:   newCache(cfg.Entries),
		unknown: newCache(cfg.Entries),
		secrets: make(map[string]*secretsEntry),
		flights: make(map[key]*flight),
	}
}

// Lookup answers from memory, see authn.Source.
func (s *Store) Lookup(realm, username string) (authn.Record, authn.Status) {
	if !maySayName(username) {
		return authn.Record{}, authn.Unknown
	}
	e, status := s.lookUp(key{realm: realm, name: username})
	return e.record, status
}

// Username answers from memory, see authn.Source.
func (s *Store) Username(realm string, hash [sha256.Size]byte) (string, authn.Status) {
	e, status := s.lookUp(key{realm: realm, name: string(hash[:]), isHash: true})
	return e.name, status
}

// lookUp returns a copy of the entry and counts.
func (s *Store) lookUp(k key) (entry, authn.Status) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Lookups++
	if e := s.known.get(k); e != nil {
		switch {
		case now.Before(e.until):
			s.stats.Hits++
			return *e, authn.Found
		case s.isDown && now.Before(e.stale):
			s.stats.Stale++
			return *e, authn.Found
		}
	} else if e := s.unknown.get(k); e != nil && now.Before(e.until) {
		s.stats.Hits++
		return *e, authn.Unknown
	}
	if s.isDown {
		s.stats.Unavailable++
		return entry{}, authn.Unavailable
	}
	s.stats.Misses++
	return entry{}, authn.Pending
}

// Secrets answers from memory, see authn.Source.
func (s *Store) Secrets(realm string) (*authn.Secrets, authn.Status) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.secrets[realm]
	switch {
	case e != nil && now.Before(e.until):
		return e.secrets, authn.Unknown
	case s.isDown && e != nil && now.Before(e.stale):
		return e.secrets, authn.Unavailable
	case s.isDown:
		return nil, authn.Unavailable
	}
	return nil, authn.Pending
}

// Traits asks the back-end what all users of a realm have. While it cannot tell,
// nothing is promised.
func (s *Store) Traits(realm string) Traits {
	s.mu.Lock()
	isDown := s.isDown
	s.mu.Unlock()
	if isDown {
		return Traits{}
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
	defer cancel()
	traits, err := s.backend.Traits(ctx, realm)
	if err != nil {
		s.log.Warn("cannot tell what keys the users have: the realm announces no SHA-256 until the next reload", zap.NamedError("err", err))
		return Traits{}
	}
	return traits
}

// serves reports whether the store is asked about a realm.
func (s *Store) serves(realm string) bool {
	return len(s.cfg.Realms) == 0 || slices.Contains(s.cfg.Realms, realm)
}

// Name is the configured name.
func (s *Store) Name() string { return s.cfg.Name }

// Addresses are those of the back-end.
func (s *Store) Addresses() []string { return s.backend.Addresses() }

// Close ends what runs and closes the back-end. It may be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	wasClosed := s.isClosed
	s.isClosed = true
	s.mu.Unlock()
	if wasClosed {
		return nil
	}
	s.cancel()
	s.tasks.Wait()
	return s.backend.Close()
}

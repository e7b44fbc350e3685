package main

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
)

// refreshTimeout is how long a reload may ask the stores again.
const refreshTimeout = 10 * time.Second

// stores are the stores of a running server. A reload keeps those that it does
// not change, with what they remember.
type stores struct {
	log     *zap.Logger
	configs []config.Store            // owned by the reloader, as is what set points to
	set     atomic.Pointer[store.Set] // read by scrapes
}

func newStores(log *zap.Logger) *stores {
	s := &stores{log: log}
	s.set.Store(&store.Set{})
	return s
}

// open makes the stores of a configuration. Those of the one before that it does
// not have close once the caller calls commit, or the new ones when rollback is.
func (s *stores) open(cfg *config.Config) (next store.Set, commit, rollback func(), err error) {
	before := *s.set.Load()
	kept := map[*store.Store]bool{}
	var opened []*store.Store
	rollback = func() {
		for _, each := range opened {
			s.close(each)
		}
	}
	for _, c := range cfg.Auth.Stores {
		if old := s.find(before, c); old != nil {
			kept[old] = true
			next = append(next, old)
			continue
		}
		backend, err := c.Backend(cfg.Auth.ClockSkew, false)
		if err != nil {
			rollback()
			return nil, nil, nil, fmt.Errorf("open store %s: %w", c.Name, err)
		}
		fresh := store.New(c.Cache(), backend, s.log)
		opened = append(opened, fresh)
		next = append(next, fresh)
	}
	store.Set(opened).Check()
	commit = func() {
		s.configs = cfg.Auth.Stores
		s.set.Store(&next)
		for _, old := range before {
			if !kept[old] {
				s.close(old)
			}
		}
	}
	return next, commit, rollback, nil
}

// find returns the running store with this very configuration, if there is one.
func (s *stores) find(running store.Set, c config.Store) *store.Store {
	for i, each := range s.configs {
		if reflect.DeepEqual(each, c) {
			return running[i]
		}
	}
	return nil
}

// refresh asks again about all that is remembered.
func (s *stores) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	s.set.Load().Refresh(ctx)
}

// closeAll closes every store; the server must have ended.
func (s *stores) closeAll() {
	for _, each := range *s.set.Load() {
		s.close(each)
	}
}

func (s *stores) close(each *store.Store) {
	if err := each.Close(); err != nil {
		s.log.Warn("store did not close", zap.String("store", each.Name()), logging.Err(err))
	}
}

// withStores lets a realm ask the stores that serve it. A store that serves several
// is asked by realm.
func withStores(cfg authn.Config, set store.Set) authn.Config {
	realm, err := authn.PrepareRealm(cfg.Realm)
	if err != nil {
		return cfg // which authn.New refuses
	}
	if own := set.Of(realm); len(own) > 0 {
		cfg.Source = own
	}
	return cfg
}

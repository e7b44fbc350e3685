package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/fairlead/fairlead/authn"
)

// Set is several stores in order. The first that knows a name decides about it,
// and the secrets of all count. While one is down, the others answer for what
// they know. It is immutable and implements authn.Source.
type Set []*Store

// Of returns the stores that serve a realm, by its prepared name. What the others
// say, be it that they are down, is nothing to that realm.
func (set Set) Of(realm string) Set {
	var own Set
	for _, s := range set {
		if s.serves(realm) {
			own = append(own, s)
		}
	}
	return own
}

// Lookup returns the user from the first store that knows the name. As long as
// an earlier one could still be asked, it is Pending.
func (set Set) Lookup(realm, username string) (authn.Record, authn.Status) {
	missing := authn.Unknown
	for _, s := range set {
		record, status := s.Lookup(realm, username)
		switch status {
		case authn.Found, authn.Pending:
			return record, status
		case authn.Unavailable:
			missing = authn.Unavailable
		}
	}
	return authn.Record{}, missing
}

// Secrets returns those of all stores.
func (set Set) Secrets(realm string) (*authn.Secrets, authn.Status) {
	var all *authn.Secrets
	missing := authn.Unknown
	for _, s := range set {
		secrets, status := s.Secrets(realm)
		all = all.Join(secrets)
		if status == authn.Pending || missing == authn.Unknown {
			missing = status
		}
	}
	return all, missing
}

// Username returns the name from the first store that knows the hash.
func (set Set) Username(realm string, hash [sha256.Size]byte) (string, authn.Status) {
	missing := authn.Unknown
	for _, s := range set {
		name, status := s.Username(realm, hash)
		switch status {
		case authn.Found, authn.Pending:
			return name, status
		case authn.Unavailable:
			missing = authn.Unavailable
		}
	}
	return "", missing
}

// Fetch asks all stores at once whatever they have not at hand. A store that
// fails is an error only if none of the others knows the user.
func (set Set) Fetch(ctx context.Context, realm, username string) error {
	err := set.each(func(s *Store) error {
		var errs [2]error
		if _, status := s.Secrets(realm); status == authn.Pending {
			errs[0] = s.FetchSecrets(ctx, realm)
		}
		if _, status := s.Lookup(realm, username); status == authn.Pending {
			errs[1] = s.Fetch(ctx, realm, username)
		}
		return errors.Join(errs[:]...)
	})
	if err != nil && set.knows(func(s *Store) authn.Status { _, status := s.Lookup(realm, username); return status }) {
		return nil
	}
	return err
}

// FetchHash asks all stores at once for the name behind a hash.
func (set Set) FetchHash(ctx context.Context, realm string, hash [sha256.Size]byte) error {
	err := set.each(func(s *Store) error { return s.FetchHash(ctx, realm, hash) })
	if err != nil && set.knows(func(s *Store) authn.Status { _, status := s.Username(realm, hash); return status }) {
		return nil
	}
	return err
}

// each runs ask for all stores at the same time and joins the errors.
func (set Set) each(ask func(s *Store) error) error {
	errs := make([]error, len(set))
	var tasks sync.WaitGroup
	for i, s := range set {
		tasks.Go(func() { errs[i] = ask(s) })
	}
	tasks.Wait()
	return errors.Join(errs...)
}

// knows reports whether some store has the answer.
func (set Set) knows(status func(s *Store) authn.Status) bool {
	for _, s := range set {
		if status(s) == authn.Found {
			return true
		}
	}
	return false
}

// HasSHA256 reports whether every store has the SHA-256 key of every user.
func (set Set) HasSHA256(realm string) bool {
	for _, s := range set {
		if !s.Traits(realm).SHA256 {
			return false
		}
	}
	return true
}

// HasUserHash reports whether every store finds every name by its hash.
func (set Set) HasUserHash(realm string) bool {
	for _, s := range set {
		if !s.Traits(realm).UserHash {
			return false
		}
	}
	return true
}

// Refresh asks all stores again, see Store.Refresh.
func (set Set) Refresh(ctx context.Context) {
	_ = set.each(func(s *Store) error { s.Refresh(ctx); return nil }) // gives no error back
}

// Check asks all stores once, see Store.Check.
func (set Set) Check() {
	_ = set.each(func(s *Store) error { s.Check(); return nil }) // gives no error back
}

// Stats returns the counters of all stores.
func (set Set) Stats() []Stats {
	var stats []Stats
	for _, s := range set {
		stats = append(stats, s.Stats())
	}
	return stats
}

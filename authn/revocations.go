package authn

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MaxRevocations bounds the list, in memory and in its store.
const MaxRevocations = 1 << 16

// RevocationStore keeps the revocations over a restart. Save replaces what is
// kept, whole or not at all.
type RevocationStore interface {
	Load() ([]Revocation, error)
	Save([]Revocation) error
}

// ErrTooManyRevocations reports a list that is full.
var ErrTooManyRevocations = fmt.Errorf("there are %d revocations, which is the most: lift some, or remove the shared secret instead", MaxRevocations)

// ErrSaveRevocations reports that the store did not take a change, which then has
// no effect.
var ErrSaveRevocations = errors.New("save revocations")

// Revocations is the list of what is revoked. Covers never waits; the other
// methods wait for the store. Safe for concurrent use.
type Revocations struct {
	store RevocationStore // nil: kept in memory only

	mu  sync.Mutex                                // serialises writers
	set atomic.Pointer[map[Revocation]Revocation] // by key; replaced, never changed
}

// OpenRevocations reads the list from its store; without one it starts empty.
func OpenRevocations(store RevocationStore) (*Revocations, error) {
	r := &Revocations{store: store}
	set := make(map[Revocation]Revocation)
	if store != nil {
		kept, err := store.Load()
		if err != nil {
			return nil, fmt.Errorf("load revocations: %w", err)
		}
		for i, each := range kept {
			if err := each.check(); err != nil {
				return nil, fmt.Errorf("load revocations: entry %d: %w", i+1, err)
			}
			set[each.key()] = each
		}
	}
	r.set.Store(&set)
	return r, nil
}

// IsKept reports whether the list survives a restart.
func (r *Revocations) IsKept() bool { return r.store != nil }

// Add revokes, or changes until when. When it returns, the store has it and
// Covers knows it.
func (r *Revocations) Add(revocation Revocation) error {
	if err := revocation.check(); err != nil {
		return err
	}
	if revocation.isOver(time.Now()) {
		return errors.New("until has passed already")
	}
	return r.change(func(set map[Revocation]Revocation) error {
		set[revocation.key()] = revocation
		if len(set) > MaxRevocations {
			return ErrTooManyRevocations
		}
		return nil
	})
}

// Lift ends a revocation by its ID; found is false when there is none.
func (r *Revocations) Lift(id string) (found bool, err error) {
	err = r.change(func(set map[Revocation]Revocation) error {
		for key := range set {
			if key.ID() == id {
				delete(set, key)
				found = true
			}
		}
		return nil
	})
	return found, err
}

// List returns what is revoked now, in a stable order.
func (r *Revocations) List() []Revocation { return sorted(*r.set.Load()) }

// Covers reports whether a credential is revoked.
func (r *Revocations) Covers(realm, username string, c Credential) bool {
	set := *r.set.Load()
	if len(set) == 0 {
		return false
	}
	now := time.Now()
	for _, key := range [...]Revocation{
		{Realm: realm, User: c.User},
		{Realm: realm, Username: username},
		{Realm: realm, Secret: c.SecretName},
	} {
		if isLive(set, key, now) {
			return true
		}
		if key.Tenant = c.Tenant; c.Tenant != "" && isLive(set, key, now) {
			return true
		}
	}
	return false
}

func isLive(set map[Revocation]Revocation, key Revocation, now time.Time) bool {
	found, ok := set[key]
	return ok && !found.isOver(now)
}

// change replaces the list by a changed copy, in the store first.
func (r *Revocations) change(edit func(set map[Revocation]Revocation) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := maps.Clone(*r.set.Load())
	now := time.Now()
	maps.DeleteFunc(set, func(_, each Revocation) bool { return each.isOver(now) })
	if err := edit(set); err != nil {
		return err
	}
	if r.store != nil {
		if err := r.store.Save(sorted(set)); err != nil {
			return fmt.Errorf("%w: %w", ErrSaveRevocations, err)
		}
	}
	r.set.Store(&set)
	return nil
}

// sorted lists those that have not ended.
func sorted(set map[Revocation]Revocation) []Revocation {
	now := time.Now()
	list := make([]Revocation, 0, len(set))
	for _, each := range set {
		if !each.isOver(now) {
			list = append(list, each)
		}
	}
	slices.SortFunc(list, func(a, b Revocation) int {
		return cmp.Or(cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.User, b.User), cmp.Compare(a.Username, b.Username), cmp.Compare(a.Secret, b.Secret))
	})
	return list
}

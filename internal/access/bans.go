package access

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MaxBans bounds the list, in memory and in its store.
const MaxBans = 1 << 16

// BanStore keeps the bans over a restart. Save replaces what is kept, whole or not at
// all.
type BanStore interface {
	Load() ([]Ban, error)
	Save([]Ban) error
}

// ErrTooManyBans reports a list that is full.
var ErrTooManyBans = fmt.Errorf("there are %d bans, which is the most: lift some, or ban wider prefixes", MaxBans)

// ErrSaveBans reports that the store did not take a change, which then has no effect.
var ErrSaveBans = errors.New("save bans")

// Bans is the list of who is banned. Covering never waits; the methods that change
// something wait for the store. Safe for concurrent use.
type Bans struct {
	store BanStore // nil: kept in memory only

	mu      sync.Mutex                  // serialises writers
	current atomic.Pointer[banSnapshot] // replaced, never changed
}

// banSnapshot is the list at one time, ordered by prefix, and what finds addresses
// in it.
type banSnapshot struct {
	list  []Ban
	table table
}

func snapshotOf(list []Ban) *banSnapshot {
	slices.SortFunc(list, func(a, b Ban) int { return comparePrefixes(a.Prefix, b.Prefix) })
	entries := make([]entry, 0, len(list))
	for _, each := range list {
		entries = append(entries, entry{prefix: each.Prefix, until: each.Until.UnixNano()})
	}
	return &banSnapshot{list, newTable(entries)}
}

// OpenBans reads the list from its store; without one it starts empty.
func OpenBans(store BanStore) (*Bans, error) {
	b := &Bans{store: store}
	var kept []Ban
	if store != nil {
		var err error
		if kept, err = store.Load(); err != nil {
			return nil, fmt.Errorf("load bans: %w", err)
		}
	}
	for i, each := range kept {
		if err := each.check(); err != nil {
			return nil, fmt.Errorf("load bans: entry %d: %w", i+1, err)
		}
	}
	b.current.Store(snapshotOf(live(kept)))
	return b, nil
}

// IsKept reports whether the list survives a restart.
func (b *Bans) IsKept() bool { return b.store != nil }

// Add bans a prefix, or changes until when. When it returns, the store has the ban
// and every Gate knows it.
func (b *Bans) Add(ban Ban) error {
	if err := cmp.Or(ban.check(), ban.checkTime(time.Now())); err != nil {
		return err
	}
	return b.change(func(list []Ban) ([]Ban, error) {
		list = append(slices.DeleteFunc(list, func(each Ban) bool { return each.Prefix == ban.Prefix }), ban)
		if len(list) > MaxBans {
			return nil, ErrTooManyBans
		}
		return list, nil
	})
}

// Lift ends a ban by its ID; found is false when there is none.
func (b *Bans) Lift(id string) (found bool, err error) {
	err = b.change(func(list []Ban) ([]Ban, error) {
		left := slices.DeleteFunc(list, func(each Ban) bool { return each.ID() == id })
		found = len(left) < len(list)
		return left, nil
	})
	return found, err
}

// List returns who is banned now, in the order of the prefixes.
func (b *Bans) List() []Ban { return live(b.current.Load().list) }

// Count is the number of bans now.
func (b *Bans) Count() int { return len(b.List()) }

// Sweep forgets the bans that are over, which cover nobody any more. Their store is
// told with the next change.
func (b *Bans) Sweep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if list := b.current.Load().list; b.Count() < len(list) {
		b.current.Store(snapshotOf(live(list)))
	}
}

// covers judges an address in canonical form. Nil Bans cover nobody.
func (b *Bans) covers(client netip.Addr) bool {
	return b != nil && b.current.Load().table.covers(client)
}

// change replaces the list by a copy that edit has changed, in the store first.
func (b *Bans) change(edit func(list []Ban) ([]Ban, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, err := edit(b.List())
	if err != nil {
		return err
	}
	next := snapshotOf(list)
	if b.store != nil {
		if err := b.store.Save(next.list); err != nil {
			return fmt.Errorf("%w: %w", ErrSaveBans, err)
		}
	}
	b.current.Store(next)
	return nil
}

// live copies those that have not ended.
func live(list []Ban) []Ban {
	now := time.Now()
	left := make([]Ban, 0, len(list)+1)
	for _, each := range list {
		if !each.isOver(now) {
			left = append(left, each)
		}
	}
	return left
}

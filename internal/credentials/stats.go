package credentials

import (
	"maps"
	"sync"
	"sync/atomic"
)

// maxNames bounds the keys that are counted apart.
const maxNames = 64

// reason says why a request got no credential.
type reason uint8

const (
	reasonKey       reason = iota // no API key, or a wrong one
	reasonRate                    // its key asks too often
	reasonRequest                 // something in it makes no sense
	reasonMethod                  // neither GET nor POST
	reasonPath                    // another path
	reasonDraining                // the server takes no new clients, and no other is known
	reasonForbidden               // its key may not revoke
	reasonFailed                  // a revocation was not saved, or not carried out
	numReasons
)

func (r reason) String() string {
	return [numReasons]string{"key", "rate", "request", "method", "path", "draining", "forbidden", "failed"}[r]
}

// Stats is a snapshot of what an Endpoint counted.
type Stats struct {
	Issued  map[string]uint64 // by name of the key; beyond 64 names, other
	Revoked map[string]uint64 // likewise
	Refused map[string]uint64 // by reason
}

type counts struct {
	issued  byName
	revoked byName
	refused [numReasons]atomic.Uint64
}

// byName counts by a bounded number of names.
type byName struct {
	mu sync.Mutex
	n  map[string]uint64 // guarded by mu
}

func (b *byName) add(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n == nil {
		b.n = make(map[string]uint64)
	}
	if _, known := b.n[name]; !known && len(b.n) >= maxNames {
		name = "other"
	}
	b.n[name]++
}

// all returns a copy of the counts.
func (b *byName) all() map[string]uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := make(map[string]uint64)
	maps.Copy(counts, b.n)
	return counts
}

// Stats returns the counts. Any goroutine may call it.
func (e *Endpoint) Stats() Stats {
	stats := Stats{Issued: e.counts.issued.all(), Revoked: e.counts.revoked.all(), Refused: make(map[string]uint64)}
	for i := range e.counts.refused {
		stats.Refused[reason(i).String()] = e.counts.refused[i].Load()
	}
	return stats
}

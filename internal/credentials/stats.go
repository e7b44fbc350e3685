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
	reasonKey     reason = iota // no API key, or a wrong one
	reasonRate                  // its key asks too often
	reasonRequest               // something in it makes no sense
	reasonMethod                // neither GET nor POST
	reasonPath                  // another path
	numReasons
)

func (r reason) String() string {
	return [numReasons]string{"key", "rate", "request", "method", "path"}[r]
}

// Stats is a snapshot of what an Endpoint counted.
type Stats struct {
	Issued  map[string]uint64 // by name of the key; beyond 64 names, other
	Refused map[string]uint64 // by reason
}

type counts struct {
	issued  byName
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

// Stats returns the counts. Any goroutine may call it.
func (e *Endpoint) Stats() Stats {
	stats := Stats{Issued: make(map[string]uint64), Refused: make(map[string]uint64)}
	e.counts.issued.mu.Lock()
	maps.Copy(stats.Issued, e.counts.issued.n)
	e.counts.issued.mu.Unlock()
	for i := range e.counts.refused {
		stats.Refused[reason(i).String()] = e.counts.refused[i].Load()
	}
	return stats
}

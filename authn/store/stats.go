package store

import "time"

// Stats is a snapshot of what a Store counted. Lookups = Hits + Stale + Misses +
// Unavailable; a request that waited for a query looks up twice.
type Stats struct {
	Name, Type string

	Lookups     uint64        // of users, asked from memory
	Hits        uint64        // answered by a fresh entry
	Stale       uint64        // answered by an old entry, the back-end being down
	Misses      uint64        // that only a query can answer
	Unavailable uint64        // unanswered, the back-end being down
	Queries     uint64        // sent to the back-end
	Errors      uint64        // queries that failed
	Refused     uint64        // queries not sent: too many under way
	QueryTime   time.Duration // of all queries
	Up          bool
	Entries     int // remembered users
	Unknown     int // remembered names that are nobody's
}

// Stats returns the counters.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Name, stats.Type, stats.Up = s.cfg.Name, s.cfg.Type, !s.isDown
	stats.Entries, stats.Unknown = s.known.len(), s.unknown.len()
	return stats
}

package server

import (
	"net/netip"
	"strconv"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// Stats is a snapshot of what the server counted since it started. Counts
// with a label are keyed by its value.
type Stats struct {
	Requests     map[string]uint64            // by method
	Errors       map[string]map[string]uint64 // by method, then by error code
	Malformed    map[string]uint64            // by reason
	AuthFailures map[string]uint64            // by cause
	PeersDenied  map[string]uint64            // by rule
	Ended        map[string]uint64            // by cause
	TurnedAway   map[string]uint64            // messages of clients that are not admitted, by verdict
	Created      uint64                       // allocations
	Resumed      uint64                       // allocations, from another address of their client
	Moved        uint64                       // of them, to where data came from then
	Ignored      uint64                       // messages that get no answer
	Limited      uint64                       // answers withheld from a source over its limit
	Panics       uint64                       // messages dropped because their handling panicked
	Parked       authn.ParkStats              // requests that wait for a back-end, or have
	Quota        quota.Stats
	Fleet        quota.FleetStats
	Ports        []PortStats
	Tenants      []TenantStats  // a bounded number
	TCPRelay     tcprelay.Stats // zero when TCP is not relayed
}

// PortStats tells how many relay ports of an address are in use.
type PortStats struct {
	Address netip.Addr
	Free    int
	Size    int
}

// Stats adds up all handlers. Any goroutine may call it.
func (s *Server) Stats() Stats {
	stats := Stats{
		Requests:     make(map[string]uint64),
		Errors:       make(map[string]map[string]uint64),
		Malformed:    make(map[string]uint64),
		AuthFailures: make(map[string]uint64),
		PeersDenied:  make(map[string]uint64),
		Ended:        make(map[string]uint64),
		TurnedAway:   make(map[string]uint64),
		Parked:       s.park.Stats(),
		Quota:        s.ledger.Stats(),
		Tenants:      s.tenants.stats(),
	}
	if s.config.TCPRelay != nil {
		stats.TCPRelay = s.config.TCPRelay.Stats()
	}
	if s.config.Fleet != nil {
		stats.Fleet = s.config.Fleet.Stats()
	}
	for _, h := range s.handlers {
		stats.add(&h.counts)
	}
	for addr, pool := range *s.pools.Load() {
		stats.Ports = append(stats.Ports, PortStats{Address: addr, Free: pool.Free(), Size: pool.Size()})
	}
	return stats
}

func (s *Stats) add(c *counts) {
	for i := range c.requests {
		name := methodName(i)
		s.Requests[name] += c.requests[i].Load()
		if s.Errors[name] == nil {
			s.Errors[name] = make(map[string]uint64)
		}
		for j, code := range codes {
			if n := c.errors[i][j].Load(); n > 0 {
				s.Errors[name][strconv.Itoa(code)] += n
			}
		}
	}
	for i := range c.malformed {
		if reason := wire.Reason(i); reason != wire.OK {
			s.Malformed[reason.String()] += c.malformed[i].Load()
		}
	}
	for i := range c.authFailures {
		s.AuthFailures[authCause(i).String()] += c.authFailures[i].Load()
	}
	for i := range c.peersDenied {
		s.PeersDenied[allocation.RuleName(i).String()] += c.peersDenied[i].Load()
	}
	for i := range c.ended {
		s.Ended[endCause(i).String()] += c.ended[i].Load()
	}
	for i := range c.turnedAway {
		if verdict := access.Verdict(i); verdict != access.Admitted {
			s.TurnedAway[verdict.String()] += c.turnedAway[i].Load()
		}
	}
	s.Created += c.created.Load()
	s.Resumed += c.resumed.Load()
	s.Moved += c.moved.Load()
	s.Ignored += c.ignored.Load()
	s.Limited += c.limited.Load()
	s.Panics += c.panics.Load()
}

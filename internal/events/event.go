package events

import (
	"net/netip"
	"time"
)

// Type says what happened.
type Type string

const (
	Created   Type = "created"
	Refreshed Type = "refreshed"
	Usage     Type = "usage" // about every 60 s
	Ended     Type = "ended"
)

// Event is what happened to one allocation; a dual allocation is two, with a
// relayed transport address each. Counts are totals since it was created.
type Event struct {
	Type   Type      `json:"type"`
	Time   time.Time `json:"time"`
	ID     string    `json:"id"` // of the allocation, unique as long as the process lives
	Realm  string    `json:"realm"`
	Tenant string    `json:"tenant,omitempty"`
	User   string    `json:"user,omitempty"` // without the expiry of a REST username; empty: anonymous

	Transport string         `json:"transport"`
	Client    netip.AddrPort `json:"client"`
	Server    netip.AddrPort `json:"server"`
	Relayed   netip.AddrPort `json:"relayed"`

	LifetimeSeconds int64   `json:"lifetime_seconds,omitempty"` // granted; created and refreshed
	DurationSeconds float64 `json:"duration_seconds"`           // since it was created
	Reason          string  `json:"reason,omitempty"`           // ended: client, expired, revoked

	ToPeerPackets   uint64 `json:"to_peer_packets"`
	ToPeerBytes     uint64 `json:"to_peer_bytes"`
	ToClientPackets uint64 `json:"to_client_packets"`
	ToClientBytes   uint64 `json:"to_client_bytes"`
	DroppedPackets  uint64 `json:"dropped_packets"`
}

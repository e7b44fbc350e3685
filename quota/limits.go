package quota

import "time"

// Limits are the bounds of a Ledger; 0 means unlimited. A rate of new
// allocations has a burst of one second's worth. Bandwidth is payload bits.
type Limits struct {
	UserAllocations   int // live allocations of one user
	TenantAllocations int // live allocations of all users of a tenant
	RealmAllocations  int
	ServerAllocations int // live allocations in total
	ClientAllocations int // live allocations of one client address, IPv6: of one /64

	UserAllocationsPerSecond   int
	ClientAllocationsPerSecond int

	UserBytes         int64         // payload of one user in each period, both directions together
	UsagePeriod       time.Duration // counted from the Unix epoch on: 24h is a day of UTC
	UserAllocationAge time.Duration // after which an allocation ends, however often it is refreshed

	// Bandwidth that all allocations of a holder share.
	UserToPeerBitsPerSecond, UserToClientBitsPerSecond     int64
	TenantToPeerBitsPerSecond, TenantToClientBitsPerSecond int64
	RealmToPeerBitsPerSecond, RealmToClientBitsPerSecond   int64
	ServerToPeerBitsPerSecond, ServerToClientBitsPerSecond int64

	// What one allocation may do; the Ledger only carries it.
	AllocationToPeerBitsPerSecond, AllocationToClientBitsPerSecond       int64
	AllocationToPeerPacketsPerSecond, AllocationToClientPacketsPerSecond int
	AllocationNewPeersPerSecond                                          int
	AllocationTCPConnections                                             int // of a TCP allocation (RFC 6062)

	Burst time.Duration // depth of the bandwidth and packet buckets, at their rate
}

// DefaultLimits returns limits that a nine-party browser mesh behind one
// address does not meet.
func DefaultLimits() Limits {
	return Limits{
		UserAllocations:                    64,
		ClientAllocations:                  1000,
		UserAllocationsPerSecond:           20,
		ClientAllocationsPerSecond:         100,
		UsagePeriod:                        24 * time.Hour,
		AllocationToPeerBitsPerSecond:      100_000_000,
		AllocationToClientBitsPerSecond:    100_000_000,
		AllocationToPeerPacketsPerSecond:   20_000,
		AllocationToClientPacketsPerSecond: 20_000,
		AllocationNewPeersPerSecond:        20,
		AllocationTCPConnections:           64,
		Burst:                              250 * time.Millisecond,
	}
}

// allocations is the bound of a kind on its live allocations.
func (l *Limits) allocations(kind Kind) int {
	return [NumKinds]int{
		KindServer: l.ServerAllocations, KindRealm: l.RealmAllocations, KindTenant: l.TenantAllocations,
		KindUser: l.UserAllocations, KindClient: l.ClientAllocations,
	}[kind]
}

// bitsPerSecond is the bandwidth that the allocations of a kind share.
func (l *Limits) bitsPerSecond(kind Kind) [NumDirections]int64 {
	return [NumKinds][NumDirections]int64{
		KindServer: {l.ServerToPeerBitsPerSecond, l.ServerToClientBitsPerSecond},
		KindRealm:  {l.RealmToPeerBitsPerSecond, l.RealmToClientBitsPerSecond},
		KindTenant: {l.TenantToPeerBitsPerSecond, l.TenantToClientBitsPerSecond},
		KindUser:   {l.UserToPeerBitsPerSecond, l.UserToClientBitsPerSecond},
	}[kind]
}

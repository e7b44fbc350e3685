package quota

import (
	"fmt"
	"time"
)

// Limits are the bounds of a Ledger; 0 means unlimited. A rate of new
// allocations has a burst of one second's worth.
type Limits struct {
	UserAllocations   int // live allocations of one user
	ClientAllocations int // live allocations of one client address, IPv6: of one /64
	ServerAllocations int // live allocations in total

	UserAllocationsPerSecond   int
	ClientAllocationsPerSecond int

	// Payload bandwidth of one allocation; the Ledger only carries it.
	AllocationToPeerBitsPerSecond   uint64
	AllocationToClientBitsPerSecond uint64
	Burst                           time.Duration // depth of the bandwidth buckets, at their rate
}

// DefaultLimits returns limits that a nine-party browser mesh behind one
// address does not meet.
func DefaultLimits() Limits {
	return Limits{
		UserAllocations:                 64,
		ClientAllocations:               1000,
		UserAllocationsPerSecond:        20,
		ClientAllocationsPerSecond:      100,
		AllocationToPeerBitsPerSecond:   100_000_000,
		AllocationToClientBitsPerSecond: 100_000_000,
		Burst:                           250 * time.Millisecond,
	}
}

// Limit names the bound that a refused Allocate met.
type Limit uint8

const (
	LimitUserAllocations Limit = iota
	LimitClientAllocations
	LimitServerAllocations
	LimitUserRate
	LimitClientRate

	NumLimits // how many there are
)

// String returns the limit as a metric label.
func (l Limit) String() string {
	switch l {
	case LimitUserAllocations:
		return "user_allocations"
	case LimitClientAllocations:
		return "client_allocations"
	case LimitServerAllocations:
		return "server_allocations"
	case LimitUserRate:
		return "user_allocations_per_second"
	case LimitClientRate:
		return "client_allocations_per_second"
	}
	return fmt.Sprintf("limit(%d)", uint8(l))
}

package quota

import "fmt"

// Limit names the bound that a request met, or that ended an allocation.
type Limit uint8

const (
	LimitUserAllocations Limit = iota
	LimitClientAllocations
	LimitServerAllocations
	LimitUserRate
	LimitClientRate
	LimitTenantAllocations
	LimitRealmAllocations
	LimitUserBytes
	LimitAllocationAge
	LimitNewPeers
	LimitTCPConnections
	NumLimits // how many there are
)

// limitNames are metric labels, and the keys of the configuration.
var limitNames = [NumLimits]string{
	LimitUserAllocations:   "user_allocations",
	LimitClientAllocations: "client_allocations",
	LimitServerAllocations: "server_allocations",
	LimitUserRate:          "user_allocations_per_second",
	LimitClientRate:        "client_allocations_per_second",
	LimitTenantAllocations: "tenant_allocations",
	LimitRealmAllocations:  "realm_allocations",
	LimitUserBytes:         "user_bytes",
	LimitAllocationAge:     "user_allocation_age",
	LimitNewPeers:          "allocation_new_peers_per_second",
	LimitTCPConnections:    "allocation_tcp_connections",
}

// allocationLimits are the bounds on live allocations, by kind.
var allocationLimits = [NumKinds]Limit{
	KindServer: LimitServerAllocations,
	KindRealm:  LimitRealmAllocations,
	KindTenant: LimitTenantAllocations,
	KindUser:   LimitUserAllocations,
	KindClient: LimitClientAllocations,
}

// String returns the limit as a metric label.
func (l Limit) String() string {
	if l < NumLimits {
		return limitNames[l]
	}
	return fmt.Sprintf("limit(%d)", uint8(l))
}

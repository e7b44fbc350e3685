package server

import (
	"sync"
	"sync/atomic"
)

// maxTenantLabels bounds the tenants that are counted apart; the others are
// counted together.
const maxTenantLabels = 64

// otherTenants stands for realm and tenant of those that are not counted apart.
const otherTenants = "other"

// TenantStats counts the allocations of one tenant of one realm; those without
// a tenant have the empty one.
type TenantStats struct {
	Realm, Tenant string
	Live          int64
	Created       uint64
}

// tenantCounts is what all handlers count for one tenant, on the control path.
type tenantCounts struct {
	realm, tenant string
	live          atomic.Int64
	created       atomic.Uint64
}

// tenantBook keeps the counts by realm and tenant, first come, first served.
// The zero value is ready for use.
type tenantBook struct {
	mu     sync.Mutex
	counts []*tenantCounts // guarded by mu; the last of a full book is of the others
}

// of returns the counts of a tenant.
func (b *tenantBook) of(realm, tenant string) *tenantCounts {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.counts {
		if c.realm == realm && c.tenant == tenant {
			return c
		}
	}
	if len(b.counts) == maxTenantLabels {
		b.counts = append(b.counts, &tenantCounts{realm: otherTenants, tenant: otherTenants})
	}
	if len(b.counts) > maxTenantLabels {
		return b.counts[maxTenantLabels]
	}
	c := &tenantCounts{realm: realm, tenant: tenant}
	b.counts = append(b.counts, c)
	return c
}

func (b *tenantBook) stats() []TenantStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	var stats []TenantStats
	for _, c := range b.counts {
		stats = append(stats, TenantStats{Realm: c.realm, Tenant: c.tenant, Live: c.live.Load(), Created: c.created.Load()})
	}
	return stats
}

package config

import (
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/quota"
)

// QuotaLimits are the limits that hold for everybody without an override.
func (c *Config) QuotaLimits() quota.Limits {
	q := c.Quota
	return quota.Limits{
		UserAllocations:                    q.UserAllocations,
		UserAllocationsPerSecond:           q.UserAllocationsPerSecond,
		UserToPeerBitsPerSecond:            q.UserToPeerBitsPerSecond,
		UserToClientBitsPerSecond:          q.UserToClientBitsPerSecond,
		UserBytes:                          q.UserBytes,
		UserAllocationAge:                  q.UserAllocationAge.Std(),
		ClientAllocations:                  q.ClientAllocations,
		ClientAllocationsPerSecond:         q.ClientAllocationsPerSecond,
		TenantAllocations:                  q.TenantAllocations,
		TenantToPeerBitsPerSecond:          q.TenantToPeerBitsPerSecond,
		TenantToClientBitsPerSecond:        q.TenantToClientBitsPerSecond,
		RealmAllocations:                   q.RealmAllocations,
		RealmToPeerBitsPerSecond:           q.RealmToPeerBitsPerSecond,
		RealmToClientBitsPerSecond:         q.RealmToClientBitsPerSecond,
		ServerAllocations:                  q.ServerAllocations,
		ServerToPeerBitsPerSecond:          q.ServerToPeerBitsPerSecond,
		ServerToClientBitsPerSecond:        q.ServerToClientBitsPerSecond,
		AllocationToPeerBitsPerSecond:      q.AllocationToPeerBitsPerSecond,
		AllocationToClientBitsPerSecond:    q.AllocationToClientBitsPerSecond,
		AllocationToPeerPacketsPerSecond:   q.AllocationToPeerPacketsPerSecond,
		AllocationToClientPacketsPerSecond: q.AllocationToClientPacketsPerSecond,
		AllocationNewPeersPerSecond:        q.AllocationNewPeersPerSecond,
		AllocationTCPConnections:           q.AllocationTCPConnections,
		UsagePeriod:                        q.UsagePeriod.Std(),
		Burst:                              q.BandwidthBurst.Std(),
	}
}

// QuotaOverrides are the limits of single realms, tenants and users. One without
// a realm is for the realm of this server.
func (c *Config) QuotaOverrides() []quota.Override {
	var overrides []quota.Override
	for _, o := range c.Quota.Overrides {
		realm := o.Realm
		if realm == "" {
			realm = c.Auth.Realm
		}
		overrides = append(overrides, quota.Override{Realm: must(authn.PrepareRealm(realm)), Tenant: o.Tenant, User: o.User, Limits: o.limits()})
	}
	return overrides
}

func (o *QuotaOverride) limits() quota.Limits {
	return quota.Limits{
		UserAllocations:                    o.UserAllocations,
		UserAllocationsPerSecond:           o.UserAllocationsPerSecond,
		UserToPeerBitsPerSecond:            o.UserToPeerBitsPerSecond,
		UserToClientBitsPerSecond:          o.UserToClientBitsPerSecond,
		UserBytes:                          o.UserBytes,
		UserAllocationAge:                  o.UserAllocationAge.Std(),
		ClientAllocations:                  o.ClientAllocations,
		ClientAllocationsPerSecond:         o.ClientAllocationsPerSecond,
		TenantAllocations:                  o.TenantAllocations,
		TenantToPeerBitsPerSecond:          o.TenantToPeerBitsPerSecond,
		TenantToClientBitsPerSecond:        o.TenantToClientBitsPerSecond,
		RealmAllocations:                   o.RealmAllocations,
		RealmToPeerBitsPerSecond:           o.RealmToPeerBitsPerSecond,
		RealmToClientBitsPerSecond:         o.RealmToClientBitsPerSecond,
		AllocationToPeerBitsPerSecond:      o.AllocationToPeerBitsPerSecond,
		AllocationToClientBitsPerSecond:    o.AllocationToClientBitsPerSecond,
		AllocationToPeerPacketsPerSecond:   o.AllocationToPeerPacketsPerSecond,
		AllocationToClientPacketsPerSecond: o.AllocationToClientPacketsPerSecond,
		AllocationNewPeersPerSecond:        o.AllocationNewPeersPerSecond,
		AllocationTCPConnections:           o.AllocationTCPConnections,
	}
}

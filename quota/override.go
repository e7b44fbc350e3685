package quota

import "time"

// Unlimited, in an Override, takes a limit away.
const Unlimited = -1

// Override changes limits for a realm, a tenant of a realm, or a user: the
// names that are set say which. The narrower one wins. A field of 0 leaves the
// limit as it is, Unlimited takes it away; UsagePeriod and the limits of the
// whole server are not for overrides, nor those of what is wider than the
// holder.
type Override struct {
	Realm, Tenant, User string
	Limits              Limits
}

// policy is the limits with everything that changes them.
type policy struct {
	limits    Limits
	overrides map[holder]*Limits
}

func newPolicy(limits Limits, overrides []Override) policy {
	p := policy{limits: limits, overrides: make(map[holder]*Limits, len(overrides))}
	for _, o := range overrides {
		p.overrides[Identity{Realm: o.Realm, Tenant: o.Tenant, User: o.User}.owner()] = &o.Limits
	}
	return p
}

// of resolves the limits of a holder.
func (p *policy) of(h holder) Limits {
	resolved := p.limits
	if h.kind == KindServer || len(p.overrides) == 0 {
		return resolved
	}
	if h.kind >= KindRealm {
		p.apply(&resolved, holder{realm: h.realm, kind: KindRealm})
	}
	if h.kind >= KindTenant && h.tenant != "" {
		p.apply(&resolved, holder{realm: h.realm, tenant: h.tenant, kind: KindTenant})
	}
	if h.kind >= KindUser {
		p.apply(&resolved, holder{realm: h.realm, tenant: h.tenant, user: h.user, kind: KindUser})
	}
	return resolved
}

func (p *policy) apply(to *Limits, h holder) {
	if o := p.overrides[h]; o != nil {
		to.override(o)
	}
}

// counts reports whether any user has a limit that must be looked at while an
// allocation lives.
func (p *policy) counts() bool {
	found := p.limits.UserBytes > 0 || p.limits.UserAllocationAge > 0
	for _, o := range p.overrides {
		found = found || o.UserBytes > 0 || o.UserAllocationAge > 0
	}
	return found
}

// override takes over what an Override says.
func (l *Limits) override(o *Limits) {
	set(&l.UserAllocations, o.UserAllocations)
	set(&l.TenantAllocations, o.TenantAllocations)
	set(&l.RealmAllocations, o.RealmAllocations)
	set(&l.ClientAllocations, o.ClientAllocations)
	set(&l.UserAllocationsPerSecond, o.UserAllocationsPerSecond)
	set(&l.ClientAllocationsPerSecond, o.ClientAllocationsPerSecond)
	set(&l.UserBytes, o.UserBytes)
	set(&l.UserAllocationAge, o.UserAllocationAge)
	set(&l.UserToPeerBitsPerSecond, o.UserToPeerBitsPerSecond)
	set(&l.UserToClientBitsPerSecond, o.UserToClientBitsPerSecond)
	set(&l.TenantToPeerBitsPerSecond, o.TenantToPeerBitsPerSecond)
	set(&l.TenantToClientBitsPerSecond, o.TenantToClientBitsPerSecond)
	set(&l.RealmToPeerBitsPerSecond, o.RealmToPeerBitsPerSecond)
	set(&l.RealmToClientBitsPerSecond, o.RealmToClientBitsPerSecond)
	set(&l.AllocationToPeerBitsPerSecond, o.AllocationToPeerBitsPerSecond)
	set(&l.AllocationToClientBitsPerSecond, o.AllocationToClientBitsPerSecond)
	set(&l.AllocationToPeerPacketsPerSecond, o.AllocationToPeerPacketsPerSecond)
	set(&l.AllocationToClientPacketsPerSecond, o.AllocationToClientPacketsPerSecond)
	set(&l.AllocationNewPeersPerSecond, o.AllocationNewPeersPerSecond)
	set(&l.AllocationTCPConnections, o.AllocationTCPConnections)
	set(&l.Burst, o.Burst)
}

func set[T int | int64 | time.Duration](limit *T, value T) {
	switch {
	case value == Unlimited:
		*limit = 0
	case value != 0:
		*limit = value
	}
}

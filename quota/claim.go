package quota

// Holder names whom a limit that counts across servers is about: a user, a
// tenant or a realm.
type Holder struct {
	Kind                Kind
	Realm, Tenant, User string
}

// Claim is one place in the count of a holder that other servers count, too.
type Claim struct {
	Holder Holder
	Limit  int   // live allocations; 0: counted, not limited
	Name   Limit // what a refusal is by
}

// FleetStats is a snapshot of what was counted across servers.
type FleetStats struct {
	Enabled  bool   // servers count together
	Up       bool   // and can at the moment
	Granted  uint64 // places granted
	Refused  uint64 // places refused
	Fallback uint64 // of the granted: left to the limits of this server
}

// Claims lists what an allocation of an identity takes of the counts that servers
// have in common: those of its user, its tenant and its realm. All are claimed,
// so that a limit that comes later finds them counted.
func (l *Ledger) Claims(id Identity) []Claim {
	l.mu.Lock()
	defer l.mu.Unlock()
	var claims []Claim
	for h := id.owner(); h.kind != KindServer; h = h.parent() {
		limits := l.policy.of(h)
		claims = append(claims, Claim{
			Holder: Holder{Kind: h.kind, Realm: h.realm, Tenant: h.tenant, User: h.user},
			Limit:  limits.allocations(h.kind),
			Name:   allocationLimits[h.kind],
		})
	}
	return claims
}

package server

import (
	"strings"

	"github.com/fairlead/fairlead/authn"
)

// maxParties bounds the parties that a handler shares between allocations.
const maxParties = 256

// partyName says on whose behalf an allocation was made.
type partyName struct {
	realm      string
	tenant     string // may be empty
	secretName string // that made its credential; may be empty
	keyPrint   authn.KeyPrint
}

// party is what allocations of the same party have in common. It never changes.
type party struct {
	partyName
	counts *tenantCounts
}

// partyOf returns a party, mostly one that other allocations have already. When
// there are too many to remember the handler starts over; those in use stay.
func (h *Handler) partyOf(realm string, c *authn.Credential) *party {
	name := partyName{realm, c.Tenant, c.SecretName, c.KeyPrint}
	p := h.parties[name]
	if p == nil {
		if len(h.parties) >= maxParties {
			clear(h.parties)
		}
		// A tenant may be a piece of a token, which would stay in memory whole.
		name.tenant = strings.Clone(c.Tenant)
		p = &party{partyName: name, counts: h.server.tenants.of(realm, name.tenant)}
		h.parties[name] = p
	}
	return p
}

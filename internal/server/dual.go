package server

import (
	"errors"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// missingFamily is the ADDRESS-ERROR-CODE of an answer: the family that could
// not be had, and why. The zero value stands for none.
type missingFamily struct {
	family wire.Family
	code   uint16
}

// opened are the relayed transport addresses of an Allocate request.
type opened struct {
	first    relayed
	token    token         // reservation of the next port, zero if none
	twin     relayed       // of a dual allocation; its conn is nil if there is none
	twinLack missingFamily // of a dual allocation that got one family only
}

func (o opened) close() {
	o.first.close()
	if o.twin.conn != nil {
		o.twin.close()
	}
}

// openFamilies opens an IPv4 and an IPv6 relayed transport address, or one of
// them when the other cannot be had (RFC 8656 section 7.2, step 9).
func (h *Handler) openFamilies(r *request, ask allocateAsk) (opened, error) {
	v4, err4 := h.openFamily(r, wire.FamilyIPv4, ask.port())
	v6, err6 := h.openFamily(r, wire.FamilyIPv6, ask.port())
	switch {
	case err4 == nil && err6 == nil:
		return opened{first: v4, twin: v6}, nil
	case err4 == nil:
		return opened{first: v4, twinLack: lackOf(wire.FamilyIPv6, err6)}, nil
	case err6 == nil:
		return opened{first: v6, twinLack: lackOf(wire.FamilyIPv4, err4)}, nil
	case errors.Is(err4, errFamily):
		return opened{}, err6
	}
	return opened{}, err4
}

// openFamily opens a relayed transport address of a family.
func (h *Handler) openFamily(r *request, family wire.Family, take takePort) (relayed, error) {
	local, ok := h.server.relayAddress(family, r.tuple.Server.Addr())
	if !ok {
		return relayed{}, errFamily
	}
	return h.server.openRelayed(local, take, h.server.openUDPPort)
}

func lackOf(family wire.Family, err error) missingFamily {
	return missingFamily{family: family, code: uint16(codeOf(err))}
}

// publishTwin makes the allocation a dual one. Both share the quota and the
// buckets, which the one that lives longer gives back. When the worker cannot
// take the address the allocation stays a single one that lacks a family.
func (h *Handler) publishTwin(r *request, a *allocation.Allocation, twin relayed, terms *quota.Terms) {
	first := h.held.at(a.Handle)
	id, err := h.worker.Publish(fastpath.Allocation{
		Client:   r.tuple.Client,
		Listener: r.from.Listener,
		Stream:   r.from.Stream,
		Proxy:    r.from.Proxy,
		Twin:     fastpath.AllocationID(a.Handle),
		Relay:    twin.conn,
		Lifetime: a.ExpiresAt().Sub(a.CreatedAt()),
		ToPeer:   first.toPeer,
		ToClient: first.toClient,
		Terms:    fastTerms(terms),
	})
	if err != nil {
		twin.close()
		first.lack = lackOf(familyOf(twin.addr.Addr()), errNoSocket)
		return
	}
	b := h.table.CreateTwin(a, twin.addr)
	b.Handle = uint32(id)
	kept := *first
	kept.pool = twin.pool
	h.keep(b, kept)
	h.logCreated(b, r.credential.SecretName)
	h.tellGranted(events.Created, b, b.ExpiresAt().Sub(b.CreatedAt()))
}

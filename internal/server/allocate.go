package server

import (
	"errors"
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// allocate serves an Allocate request in the order of RFC 8656 section 7.2.
func (h *Handler) allocate(r *request) error {
	if a := h.table.Find(r.tuple); a != nil {
		return h.allocateAgain(r, a)
	}
	if h.expected[r.tuple] != nil {
		return errMismatch // the five-tuple has resumed another allocation
	}
	ask, err := h.readAllocate(r)
	if err != nil {
		return err
	}
	if ask.hasToken {
		return h.allocateReserved(r, ask)
	}
	if err := h.admit(r); err != nil {
		return err
	}
	hold, err := h.reserve(r)
	if err != nil {
		return err
	}
	live := false
	defer func() {
		if !live {
			hold.Release()
		}
	}()

	open, err := h.open(r, ask)
	if err != nil {
		return err
	}
	if err := h.establish(r, ask, open, hold); err != nil {
		h.server.reservations.drop(open.token)
		return err
	}
	live = true
	return nil
}

// open opens the relayed transport addresses that a request asks for.
func (h *Handler) open(r *request, ask allocateAsk) (open opened, err error) {
	switch {
	case ask.tcp:
		return h.openTCP(r, ask)
	case ask.dual:
		return h.openFamilies(r, ask)
	case !ask.reserveNext:
		open.first, err = h.openFamily(r, ask.family, ask.port())
		return open, err
	}
	local, ok := h.server.relayAddress(ask.family, r.tuple.Server.Addr())
	if !ok {
		return opened{}, errFamily
	}
	open.first, open.token, err = h.reserveNext(r, local)
	return open, err
}

// allocateAgain answers an Allocate on a five-tuple that has an allocation:
// the same success answer when it is the same request sent again, 437 for
// everything else.
func (h *Handler) allocateAgain(r *request, a *allocation.Allocation) error {
	isOver := a.TransactionID == [wire.TransactionIDSize]byte{} // of the Allocate, see Table.Extend
	if isOver || a.TransactionID != r.msg.TransactionID || !h.owns(r, a) {
		return errMismatch
	}
	h.answerAllocate(r, a)
	return nil
}

// allocateReserved takes over the relayed transport address that a
// RESERVATION-TOKEN stands for, together with the quota it was held on.
func (h *Handler) allocateReserved(r *request, ask allocateAsk) error {
	reserved := h.server.reservations.redeem(ask.token, h.identity(r))
	if reserved == nil {
		return errBadToken
	}
	if err := h.establish(r, ask, opened{first: reserved.relayed}, reserved.hold); err != nil {
		reserved.hold.Release()
		return err
	}
	return nil
}

// establish turns open relayed transport addresses into a live allocation and
// answers. On an error the addresses are closed again; the hold stays the
// caller's. What is undone then are deferred functions of their own: a list of them
// would be garbage behind each allocation.
func (h *Handler) establish(r *request, ask allocateAsk, open opened, hold *quota.Hold) error {
	live := false
	defer func() {
		if !live {
			open.close()
		}
	}()

	terms, err := hold.Terms()
	if err != nil {
		return err
	}
	kept := held{
		party: h.partyOf(r.realm.auth.Realm(), &r.credential),
		pool:  open.first.pool, hold: hold, key: r.credential.Key, token: open.token, lack: open.twinLack,
		tokenEnd: tokenEnd(r),
	}
	if err := h.reserveBuckets(&kept, &terms.Limits); err != nil {
		return err
	}
	defer func() {
		if !live {
			h.releaseBuckets(&kept)
		}
	}()

	a, err := h.table.Create(allocation.Request{
		FiveTuple:     r.tuple,
		TransactionID: r.msg.TransactionID,
		Relayed:       open.first.addr,
		Username:      r.username,
		User:          r.credential.User,
		Lifetime:      ask.lifetime,
		MaxLifetime:   maxLifetime(r),
	})
	if err != nil {
		return err
	}
	defer func() {
		if !live {
			h.table.Delete(a)
		}
	}()
	id, err := h.worker.Publish(fastpath.Allocation{
		Client:   r.tuple.Client,
		Listener: r.from.Listener,
		Stream:   r.from.Stream,
		Proxy:    r.from.Proxy,
		Relay:    open.first.conn,
		Lifetime: a.ExpiresAt().Sub(a.CreatedAt()),
		ToPeer:   kept.toPeer,
		ToClient: kept.toClient,
		Terms:    fastTerms(&terms),
	})
	if err != nil {
		return errors.Join(errNoSocket, err)
	}
	live = true

	a.Handle = uint32(id)
	if open.first.tcp != nil {
		h.startTCP(r, a, open.first.tcp, &kept, &terms)
	}
	kept.counts.live.Add(1)
	kept.counts.created.Add(1)
	if ask.isMobile {
		kept.mobility = h.newMobility(r)
	}
	h.keep(a, kept)
	hold.Commit()
	h.counts.created.Add(1)
	h.logCreated(a, r.credential.SecretName)
	h.tellGranted(events.Created, a, a.ExpiresAt().Sub(a.CreatedAt()))
	if open.twin.conn != nil {
		h.publishTwin(r, a, open.twin, &terms)
	}
	h.answerAllocate(r, a)
	return nil
}

// answerAllocate sends the Allocate success response, RFC 8656 section 7.2.
func (h *Handler) answerAllocate(r *request, a *allocation.Allocation) {
	answer, kept := h.success(r), h.held.at(a.Handle)
	answer.XORRelayedAddress(h.server.external(a.Relayed))
	if twin := a.Twin(); twin != nil {
		answer.XORRelayedAddress(h.server.external(twin.Relayed))
	}
	if kept.lack != (missingFamily{}) {
		answer.AddressErrorCode(kept.lack.family, int(kept.lack.code))
	}
	answer.Lifetime(a.ExpiresAt().Sub(a.CreatedAt()))
	if kept.token != (token{}) {
		answer.ReservationToken(kept.token)
	}
	if kept.mobility != nil {
		answer.Attribute(wire.AttrMobilityTicket, kept.mobility.ticket[:])
	}
	answer.XORMappedAddress(r.from.Source())
	h.send(r)
}

// identity is who an allocation counts for.
func (h *Handler) identity(r *request) quota.Identity {
	return quota.Identity{
		Realm:  r.realm.auth.Realm(),
		Tenant: r.credential.Tenant,
		User:   r.credential.User,
		Client: r.from.Client.Addr(),
	}
}

// keep remembers what a live allocation holds, by its handle.
func (h *Handler) keep(a *allocation.Allocation, kept held) {
	kept.allocation = a
	h.held.put(a.Handle, kept)
}

// defaultFamily is the family of a request that names none.
func (s *Server) defaultFamily(client netip.Addr) wire.Family {
	switch s.config.DefaultFamily {
	case FamilyDefaultIPv6:
		return wire.FamilyIPv6
	case FamilyDefaultClient:
		return familyOf(client)
	default:
		return wire.FamilyIPv4
	}
}

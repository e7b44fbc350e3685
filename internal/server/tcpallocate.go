package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// tcpHeld is what a live TCP allocation (RFC 6062) has besides.
type tcpHeld struct {
	relay  *tcprelay.Allocation
	stream fastpath.StreamID // the control connection
}

// checkTCPAllocate refuses an Allocate for a TCP relay where RFC 6062 section 5.1
// does.
func (h *Handler) checkTCPAllocate(r *request) error {
	switch {
	case h.server.config.TCPRelay == nil:
		return errNoTCPRelay
	case !r.isByStream():
		return errBadRequest
	case r.msg.Has(wire.AttrDontFragment), r.msg.Has(wire.AttrEvenPort), r.msg.Has(wire.AttrReservationToken):
		return errBadRequest
	case r.msg.Has(wire.AttrMobilityTicket): // its connections could not move along
		return errMobility
	}
	return nil
}

// isByStream says whether the client uses TCP or TLS.
func (r *request) isByStream() bool {
	return r.tuple.Transport == allocation.TransportTCP || r.tuple.Transport == allocation.TransportTLS
}

// openTCP opens the relayed transport address of a TCP allocation. There is one: to
// a client that asks for two families the second is not supported.
func (h *Handler) openTCP(r *request, ask allocateAsk) (open opened, err error) {
	local, ok := h.server.relayAddress(ask.family, r.tuple.Server.Addr())
	if !ok {
		return opened{}, errFamily
	}
	if open.first, err = h.server.openRelayed(local, (*allocation.PortPool).Take, h.server.openTCPPort); err != nil {
		return opened{}, err
	}
	if ask.dual {
		open.twinLack = lackOf(wire.FamilyIPv6, errFamily)
	}
	return open, nil
}

// openTCPPort is an opener.
func (s *Server) openTCPPort(addr netip.AddrPort, pool *allocation.PortPool) (relayed, error) {
	pool.ForTCP(addr.Port())
	listener, err := s.config.TCPRelay.Listen(addr)
	return relayed{tcp: listener, addr: addr, pool: pool}, err
}

// startTCP lets an allocation that is published accept and connect.
func (h *Handler) startTCP(r *request, a *allocation.Allocation, listener *tcprelay.Listener, kept *held, terms *quota.Terms) {
	owner := tcprelay.Owner{User: relayUser(r), Control: r.from.Client}
	kept.tcp = &tcpHeld{stream: r.from.Stream}
	kept.tcp.relay = h.server.config.TCPRelay.Start(listener, owner, tcpLimits(kept, terms), h.offer(a, kept.tcp))
	h.tcp[a.Handle] = a
}

// relayUser is the user of a request as TCP relaying tells them apart, which is as
// owns does.
func relayUser(r *request) tcprelay.User {
	if r.credential.IsToken {
		return tcprelay.User{Realm: r.realm.auth.Realm(), Name: r.credential.Tenant, IsBearer: true}
	}
	return tcprelay.User{Realm: r.realm.auth.Realm(), Name: r.username}
}

// tcpLimits puts the limits of an allocation as TCP relaying takes them.
func tcpLimits(kept *held, terms *quota.Terms) tcprelay.Limits {
	limits := tcprelay.Limits{Connections: terms.Limits.AllocationTCPConnections}
	for d, own := range [quota.NumDirections]bucket.Index{quota.ToPeer: kept.toPeer, quota.ToClient: kept.toClient} {
		limits.Buckets[d][0] = own
		copy(limits.Buckets[d][1:], terms.Shared[d][:])
	}
	return limits
}

// endTCP ends what a TCP allocation has besides. Nothing is relayed once it has
// returned, and what was is counted.
func (h *Handler) endTCP(a *allocation.Allocation) {
	kept := h.held.at(a.Handle)
	if kept.tcp == nil {
		return
	}
	kept.tcp.relay.Close()
	h.countTCP(a)
	delete(h.tcp, a.Handle)
}

// countTCP adds what connections relayed to the traffic of their allocation.
func (h *Handler) countTCP(a *allocation.Allocation) {
	toPeer, toClient := h.held.at(a.Handle).tcp.relay.Traffic()
	h.worker.CountTCP(fastpath.AllocationID(a.Handle), toPeer, toClient)
}

// countAllTCP does so for all, once for each tick.
func (h *Handler) countAllTCP() {
	for _, a := range h.tcp {
		h.countTCP(a)
	}
}

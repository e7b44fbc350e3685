package fastpath

import (
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// sendIndication forwards the data of a Send indication (RFC 8656 section
// 11.2), whose peer may be named by an alias.
func (w *Worker) sendIndication(listener ListenerID, v view, s *wire.SendIndication) DropReason {
	t := &w.tables
	id := t.allocationOf(&w.up.from[v.slot], listener)
	if id == 0 {
		return DropNoAllocation
	}
	// An IPv4 address in an IPv6 attribute is no IPv4 peer, but would have the
	// same key.
	peer := udpbatch.Addr{IP: s.PeerIP, Port: s.PeerPort}
	if s.PeerFamily == wire.FamilyIPv6 && peer.Is4() {
		return w.lose(id, DropNoPermission)
	}
	w.toLocal(&peer.IP)
	if a := t.allocations.at(id); a.twin != 0 && peer.Is4() != (a.peerLimit == maxPayload4) {
		id = a.twin
	}
	r := t.permissionOf(id, &peer.IP)
	if r == 0 || t.permissions.at(r).expires <= w.boot {
		return w.lose(id, DropNoPermission)
	}
	if t.permissions.at(r).byPort && !w.cfg.PeerAllowed(id, peer.AddrPort()) {
		return w.lose(id, DropPeerForbidden)
	}
	// DONT-FRAGMENT has a meaning between IPv4 and IPv4 only (RFC 8656
	// sections 13, 14 and 15).
	whole := s.DontFragment && peer.Is4() && w.clientIs4(v.slot)
	return w.queueToPeer(id, &peer, view{v.slot, v.offset + s.Off, s.N}, whole)
}

// clientIs4 says whether a message in a slot came from an IPv4 client.
func (w *Worker) clientIs4(slot int) bool {
	if s := w.streams.receives; s != nil {
		return s.Client.Addr().Is4()
	}
	return w.up.from[slot].Is4()
}

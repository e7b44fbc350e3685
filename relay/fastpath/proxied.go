package fastpath

import (
	"net/netip"
	"slices"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// A listening socket behind load balancers gets each datagram with a header of the
// PROXY protocol in front (version 2). The client that the header names stands in
// the tables and in messages for control code; what is for it goes back to the proxy
// that its last datagram came through, without a header.
//
// Such a socket never coalesces (GRO): each datagram of a train would have a header
// of its own, and a client of its own. It does not serve DTLS.

// OnlyProxies makes a listener take datagrams of these sources only, each of which
// begins with a header. It comes before the first datagram.
func (w *Worker) OnlyProxies(id ListenerID, proxies []netip.Prefix) {
	l := w.listener(id)
	if l == nil || len(proxies) == 0 {
		return
	}
	l.proxies = slices.Clone(proxies)
	// Should this fail, trains are dropped: their length fits no header's.
	_ = l.conn.SetTrains(false)
}

func (l *listener) isProxied() bool { return l.proxies != nil }

func (l *listener) trusts(source netip.Addr) bool {
	for i := range l.proxies {
		if l.proxies[i].Contains(source) {
			return true
		}
	}
	return false
}

// wayTo is where what is for the client of an allocation is sent.
func (w *Worker) wayTo(l *listener, id AllocationID, a *allocation) *udpbatch.Addr {
	if l.proxies == nil {
		return &a.client
	}
	return &w.ways[id]
}

// setWay notes the proxy in front of the client of an allocation.
func (w *Worker) setWay(id AllocationID, proxy udpbatch.Addr) {
	for int(id) >= len(w.ways) {
		w.ways = append(w.ways, udpbatch.Addr{})
	}
	w.ways[id] = proxy
}

// serveProxied is serveListener for such a socket.
func (w *Worker) serveProxied(l *listener) int {
	u := &w.up
	r := l.conn.Recv(u.recv, 0, l.pace.room(u.recv.Len()))
	w.received(r)
	w.control.messages = w.control.messages[:0]
	u.again = u.again[:0]
	for slot := range r.Packets {
		v, reason := w.unwrap(l, slot)
		if reason != dropNone {
			w.counters.drop(reason)
		} else if reason = w.fromClient(l.id, v); reason != dropNone {
			w.dropOrKeep(l.id, v, reason)
		}
	}
	l.pace.saw(r.Packets, false)
	w.flushPeers()
	if len(w.control.messages) > 0 {
		w.callControl()
		w.lookAgain(l.id)
	}
	return r.Packets
}

// unwrap finds the datagram of a client behind its header.
func (w *Worker) unwrap(l *listener, slot int) (v view, reason DropReason) {
	u, size := &w.up, w.up.recv.Size(slot)
	u.recv.From(slot, &u.ways[slot])
	if !l.trusts(u.ways[slot].Addr()) {
		return v, DropProxyUntrusted
	}
	h, ok := wire.ParseProxyHeader(u.bytes(view{slot, wire.Headroom, size}))
	if !ok || u.recv.Segment(slot) > 0 {
		return v, DropProxyHeader
	}
	v = view{slot, wire.Headroom + h.Size, size - h.Size}
	if wire.Classify(u.bytes(v)) == wire.KindDTLS {
		return v, DropDTLS
	}
	u.from[slot] = udpbatch.Addr{IP: h.IP, Port: h.Port}
	if h.IsLocal {
		u.from[slot] = u.ways[slot]
	}
	w.learnWay(l, slot)
	return v, dropNone
}

// learnWay makes the allocation of a client, or both of a dual one, follow it to
// another proxy, or to another port of one.
func (w *Worker) learnWay(l *listener, slot int) {
	id := w.tables.allocationOf(&w.up.from[slot], l.id)
	if id == 0 || w.ways[id] == w.up.ways[slot] {
		return
	}
	w.ways[id] = w.up.ways[slot]
	if twin := w.tables.allocations.at(id).twin; twin != 0 {
		w.ways[twin] = w.up.ways[slot]
	}
}

package fastpath

import (
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// How many ICMP errors a client is told: so many at once, then one in each
// interval. A client learns nothing from more of them, and a peer cannot make the
// server flood one.
const (
	noticeBurst    = 16
	noticeInterval = 100 * time.Millisecond
)

// tellErrors tells the client of the ICMP errors that its relay socket just
// collected (RFC 8656 section 11.5), by Data indications that go the way of
// answers.
func (w *Worker) tellErrors(id AllocationID, a *allocation) {
	if w.notices == nil {
		return
	}
	for _, n := range w.notices.All() {
		if w.mayTell(id, a, &n.Peer) {
			w.tell(id, a, n)
		}
	}
	w.notices.Reset()
}

// mayTell reports whether the client has a permission for where its datagram
// went, and was not told too much of late.
func (w *Worker) mayTell(id AllocationID, a *allocation, peer *udpbatch.Addr) bool {
	r := w.tables.permissionOf(id, &peer.IP)
	if a.expires <= w.boot || r == 0 || w.tables.permissions.at(r).expires <= w.boot {
		return false
	}
	due := max(a.notices, w.boot) + int64(noticeInterval)
	if due-w.boot > noticeBurst*int64(noticeInterval) {
		return false
	}
	a.notices = due
	return true
}

func (w *Worker) tell(id AllocationID, a *allocation, n udpbatch.Notice) {
	w.toExternal(&n.Peer.IP)
	w.told.Indication(wire.MethodData, w.transactionID())
	w.told.XORPeerAddress(n.Peer.AddrPort())
	w.told.ICMP(wire.ICMP{Type: n.Type, Code: uint16(n.Code), Data: n.MTU})
	w.counters.add(countNoticesTold, 1)
	to := Message{Client: a.client.AddrPort(), Listener: a.listener}
	if s := w.streams.byIndex[a.stream]; s != nil {
		to.Stream = s.id
	}
	if l := w.listener(a.listener); l != nil && l.isProxied() {
		to.Proxy = w.ways[id].AddrPort()
	}
	w.Reply(&to, w.told.Bytes())
}

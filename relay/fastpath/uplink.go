package fastpath

import (
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// batchPackets is how many datagrams are received, or sent, at once.
const batchPackets = 64

// slots is the shape of the buffers: room in front for the longest header, and
// behind for padding, so that nothing is ever copied or cut.
var slots = udpbatch.Layout{
	Slots:    batchPackets,
	Headroom: wire.Headroom,
	Size:     wire.MaxDatagram,
	Tailroom: wire.Tailroom,
}

// uplink is the way from the clients to the peers. One batch of one listening
// socket is received, queued by allocation and sent before the next is received,
// so that the order within each flow stays as it was.
type uplink struct {
	recv *udpbatch.RecvBatch
	send *udpbatch.SendBatch

	from    [batchPackets]udpbatch.Addr // by slot
	packets [batchPackets]queued        // by slot
	touched AllocationID                // list of allocations with queued packets, in order
	last    AllocationID                // its end
	again   []uint16                    // slots to look at once more after Control
}

// queued is a packet on its way to a peer: part of a slot.
type queued struct {
	peer         udpbatch.Addr
	next         uint16 // slot + 1 of the allocation's next packet; 0: none
	offset, size uint32
	whole        bool // must not be fragmented
}

func (u *uplink) open() (err error) {
	u.send = udpbatch.NewSendBatch(batchPackets)
	u.again = make([]uint16, 0, batchPackets)
	u.recv, err = udpbatch.NewRecvBatch(slots)
	return err
}

func (u *uplink) close() error {
	if u.recv == nil {
		return nil
	}
	return u.recv.Close()
}

// serveListener receives one batch from a listening socket and forwards it.
// Control gets the STUN messages of the batch after the data was forwarded, so
// that a Refresh that ends an allocation does not overtake data. A datagram
// whose allocation, permission or channel is missing waits for Control if a
// message was in front of it in the batch: that may be the request that makes
// it.
func (w *Worker) serveListener(id ListenerID) {
	l := w.listener(id)
	if l == nil {
		return
	}
	u := &w.up
	r := l.conn.Recv(u.recv, 0, l.pace.room(u.recv.Len()))
	l.pace.saw(r.Packets)
	w.received(r)
	w.control.messages = w.control.messages[:0]
	u.again = u.again[:0]
	for slot := range r.Packets {
		u.recv.From(slot, &u.from[slot])
		reason := w.fromClient(l, slot)
		if reason.curable() && len(w.control.messages) > 0 {
			u.again = append(u.again, uint16(slot))
		} else if reason != dropNone {
			w.counters.drop(reason)
		}
	}
	w.flushPeers()
	if len(w.control.messages) == 0 {
		return
	}
	w.callControl()
	for _, slot := range u.again {
		if reason := w.fromClient(l, int(slot)); reason != dropNone {
			w.counters.drop(reason)
		}
	}
	w.flushPeers()
}

// received accounts for one Recv.
func (w *Worker) received(r udpbatch.Received) {
	w.counters.add(countRecvCalls, uint64(r.Calls))
	w.counters.add(countNotices, uint64(r.Notices))
}

// fromClient decides about the datagram in a slot: it is queued for a peer,
// kept for Control, or has a reason to be dropped.
func (w *Worker) fromClient(l *listener, slot int) DropReason {
	size := w.up.recv.Size(slot)
	b := w.up.recv.Slot(slot)[wire.Headroom : wire.Headroom+size : wire.Headroom+size]
	switch wire.Classify(b) {
	case wire.KindChannelData:
		return w.channelData(l, slot, b)
	case wire.KindSTUN:
		if wire.IsSend(b) {
			if s, r := wire.ParseSend(b); r == wire.OK {
				return w.sendIndication(l, slot, &s)
			}
		}
		w.keepForControl(l, slot, b)
		return dropNone
	case wire.KindDTLS:
		return DropDTLS
	}
	return DropUnknownProtocol
}

// maxChannelNumber is the largest channel number of RFC 8656 section 12.
const maxChannelNumber = 0x4FFF

// channelData forwards a ChannelData message (RFC 8656 section 12.6).
func (w *Worker) channelData(l *listener, slot int, b []byte) DropReason {
	number, n, parsed := wire.ParseChannelData(b)
	if parsed != wire.OK {
		return DropMalformed
	}
	if number > maxChannelNumber && !w.cfg.WideChannelNumbers {
		return DropUnknownProtocol
	}
	t := &w.tables
	r := t.channelByNumber(&w.up.from[slot], l.id, number)
	if r == 0 {
		return DropNoChannel
	}
	c := t.channels.at(r)
	if c.until <= w.boot {
		return w.lose(c.allocation, c.whyDead(w.boot))
	}
	if c.byPort && !w.cfg.PeerAllowed(c.peer.AddrPort()) {
		return w.lose(c.allocation, DropPeerForbidden)
	}
	return w.queueToPeer(c.allocation, &c.peer, slot, wire.Headroom+wire.ChannelHeaderSize, n)
}

// queueToPeer puts n payload bytes of a slot at the end of the allocation's
// queue, if the allocation may still send them.
func (w *Worker) queueToPeer(id AllocationID, peer *udpbatch.Addr, slot, offset, n int) DropReason {
	a := w.tables.allocations.at(id)
	if a.expires <= w.boot {
		return w.lose(id, DropNoAllocation)
	}
	if n > int(a.peerLimit) {
		return w.lose(id, DropTooLong)
	}
	if a.toPeer != 0 && !w.cfg.Buckets.Take(a.toPeer, w.mono, n) {
		return w.lose(id, DropRateToPeer)
	}
	u := &w.up
	q := &u.packets[slot]
	q.peer, q.next, q.offset, q.size, q.whole = *peer, 0, uint32(offset), uint32(n), false
	if a.firstPacket == 0 {
		w.touch(id, a)
		a.firstPacket = uint16(slot + 1)
	} else {
		u.packets[a.lastPacket-1].next = uint16(slot + 1)
	}
	a.lastPacket = uint16(slot + 1)
	a.traffic.ToPeerPackets++
	a.traffic.ToPeerBytes += uint64(n)
	w.counters.add(countToPeerPackets, 1)
	w.counters.add(countToPeerBytes, uint64(n))
	return dropNone
}

// touch adds an allocation to the list of those with queued packets.
func (w *Worker) touch(id AllocationID, a *allocation) {
	u := &w.up
	a.nextTouched = 0
	if u.touched == 0 {
		u.touched = id
	} else {
		w.tables.allocations.at(u.last).nextTouched = id
	}
	u.last = id
}

// lose notes on an allocation that a datagram of it is dropped, and passes the
// reason on.
func (w *Worker) lose(id AllocationID, reason DropReason) DropReason {
	w.tables.allocations.at(id).traffic.Dropped++
	return reason
}

// flushPeers sends what is queued.
func (w *Worker) flushPeers() {
	u := &w.up
	for id := u.touched; id != 0; {
		a := w.tables.allocations.at(id)
		for slot := a.firstPacket; slot != 0; {
			slot = w.sendFrom(slot, id, a)
		}
		a.firstPacket = 0
		id = a.nextTouched
	}
	u.touched = 0
}

// sendFrom sends an allocation's queue from the packet in slot first-1 on, as
// one batch, and returns where the next batch begins: where the packets differ
// in DF, which the socket has for all of a batch.
func (w *Worker) sendFrom(first uint16, id AllocationID, a *allocation) (next uint16) {
	u, conn := &w.up, w.relays[id]
	whole := u.packets[first-1].whole
	u.send.Reset()
	for next = first; next != 0 && u.packets[next-1].whole == whole; {
		q := &u.packets[next-1]
		u.send.Append(u.recv.Slot(int(next - 1))[q.offset:q.offset+q.size], &q.peer)
		next = q.next
	}
	if whole {
		// Should this fail, the packets leave as those without DF do.
		_ = conn.DontFragment(true)
	}
	s := conn.Send(u.send)
	if whole {
		_ = conn.DontFragment(false)
	}
	w.sent(s)
	if s.Failed > 0 {
		w.unsentToPeer(a, first)
	}
	return next
}

// sent accounts for one Send.
func (w *Worker) sent(s udpbatch.Sent) {
	w.counters.add(countSendCalls, uint64(s.Calls))
	w.counters.add(countNotices, uint64(s.Notices))
}

// unsentToPeer turns packets of the batch that begins at slot first-1 from
// traffic into drops, if they did not leave.
func (w *Worker) unsentToPeer(a *allocation, first uint16) {
	u := &w.up
	slot := first
	for entry := range u.send.Len() {
		q := &u.packets[slot-1]
		slot = q.next
		errno := u.send.Err(entry)
		if errno == 0 {
			continue
		}
		a.traffic.ToPeerPackets--
		a.traffic.ToPeerBytes -= uint64(q.size)
		a.traffic.Dropped++
		w.counters.take(countToPeerPackets, 1)
		w.counters.take(countToPeerBytes, uint64(q.size))
		w.counters.drop(dropOf(errno))
	}
}

package fastpath

import "github.com/fairlead/fairlead/internal/udpbatch"

// queueToPeer puts a payload at the end of the allocation's queue, if the
// allocation may still send it.
func (w *Worker) queueToPeer(id AllocationID, peer *udpbatch.Addr, payload view, whole bool) DropReason {
	n := payload.size
	a := w.tables.allocations.at(id)
	if a.expires <= w.boot {
		return w.lose(id, DropNoAllocation)
	}
	if n > int(a.peerLimit) {
		return w.lose(id, DropTooLong)
	}
	if a.terms != 0 {
		if reason := w.draw(a, toPeer, n); reason != dropNone {
			return w.lose(id, reason)
		}
	}
	if a.toPeer != 0 && !w.cfg.Buckets.Take(a.toPeer, w.mono, n) {
		w.giveBack(a, toPeer, n)
		return w.lose(id, DropRateToPeer)
	}
	u := &w.up
	if u.queued == len(u.packets) {
		w.flushPeers()
	}
	q := &u.packets[u.queued]
	u.queued++
	q.peer, q.next, q.whole, q.mixed = *peer, 0, whole, false
	q.slot, q.offset, q.size = uint16(payload.slot), uint32(payload.offset), uint32(n)
	if a.firstPacket == 0 {
		w.touch(id, a)
		a.firstPacket = uint16(u.queued)
	} else {
		last := &u.packets[a.lastPacket-1]
		last.next = uint16(u.queued)
		if last.peer != *peer {
			u.packets[a.firstPacket-1].mixed = true
		}
	}
	a.lastPacket = uint16(u.queued)
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

// lose notes whose datagram is going to be dropped, and passes the reason on.
func (w *Worker) lose(id AllocationID, reason DropReason) DropReason {
	w.up.loser = id
	return reason
}

// flushPeers sends what is queued.
func (w *Worker) flushPeers() {
	u := &w.up
	for id := u.touched; id != 0; {
		a := w.tables.allocations.at(id)
		if u.packets[a.firstPacket-1].mixed && w.offloads.segmentation != udpbatch.SegmentNone {
			u.group(a.firstPacket)
		}
		for next := a.firstPacket; next != 0; {
			next = w.sendFrom(next, id, a)
		}
		a.firstPacket = 0
		id = a.nextTouched
	}
	u.touched = 0
	u.queued = 0
}

// sendFrom sends an allocation's queue from the packet at place first-1 on, as
// one batch, and returns where the next batch begins: where no more fit, or
// where the packets differ in DF, which the socket has for all of a batch.
func (w *Worker) sendFrom(first uint16, id AllocationID, a *allocation) (next uint16) {
	u, conn := &w.up, w.relays[id]
	whole := u.packets[first-1].whole
	u.send.Reset()
	for next = first; next != 0 && u.packets[next-1].whole == whole && !u.send.Full(); {
		q := &u.packets[next-1]
		u.send.Append(u.recv.Slot(int(q.slot))[q.offset:q.offset+q.size], &q.peer)
		next = q.next
	}
	// Should this fail, the packets leave as those before them did.
	_ = conn.DontFragment(whole)
	s := conn.Send(u.send)
	w.sent(s)
	if s.Notices > 0 {
		w.tellErrors(id, a)
	}
	if s.Failed > 0 {
		w.unsentToPeer(a, first)
	}
	return next
}

// sent accounts for one Send.
func (w *Worker) sent(s *udpbatch.Sent) {
	w.counters.add(countSendCalls, uint64(s.Calls))
	if s.Messages|s.Refused|s.Notices == 0 {
		return
	}
	w.counters.add(countNotices, uint64(s.Notices))
	w.counters.add(countSegmented, uint64(s.Messages))
	w.counters.add(countSegments, uint64(s.Segments))
	w.counters.add(countRefused, uint64(s.Refused))
}

// unsentToPeer turns packets of the batch that begins at place first-1 from
// traffic into drops, if they did not leave.
func (w *Worker) unsentToPeer(a *allocation, first uint16) {
	u := &w.up
	next := first
	for i := range u.send.Len() {
		q := &u.packets[next-1]
		next = q.next
		errno := u.send.Err(i)
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

package fastpath

import "github.com/fairlead/fairlead/internal/udpbatch"

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

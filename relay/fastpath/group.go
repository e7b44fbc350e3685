package fastpath

// group puts the packets of an allocation's queue that have one peer behind one
// another, so that they can leave as one message. The order of each peer's
// packets stays, and that of the peers is the order of their first packets.
//
// The way through the queue for each peer costs some nanoseconds a packet, next
// to the thousands that a message costs.
func (u *uplink) group(first uint16) {
	for head := first; head != 0; {
		peer := &u.packets[head-1].peer
		tail := head // the last packet of this peer that is in place
		for before := head; u.packets[before-1].next != 0; {
			p := u.packets[before-1].next
			q := &u.packets[p-1]
			if q.peer != *peer {
				before = p
				continue
			}
			if before != tail {
				u.packets[before-1].next = q.next
				q.next = u.packets[tail-1].next
				u.packets[tail-1].next = p
			} else {
				before = p
			}
			tail = p
		}
		head = u.packets[tail-1].next
	}
}

package fastpath

import "github.com/fairlead/fairlead/internal/udpbatch"

// channel is the entry of a channel binding. It is found from both sides. With
// the links of its node it fills one cache line; so that a packet need not look
// at the permission as well, the entry knows the earlier of both ends.
type channel struct {
	peer        udpbatch.Addr
	number      uint16
	allocation  AllocationID
	permission  ref
	nextSibling ref // the other channels of the permission
	prevSibling ref
	byPort      bool
	_           [3]byte
	expires     int64 // boot clock, ns
	until       int64 // boot clock, ns: when it or its permission expires
}

// channelByNumber finds the channel that a client means.
func (t *tables) channelByNumber(client *udpbatch.Addr, listener ListenerID, number uint16) ref {
	hash := t.seeds.hash(&client.IP, numberKey(client.Port, listener, number))
	for pos := hash; ; pos++ {
		var r ref
		if pos, r = t.byNumber.next(pos, hash); r == 0 {
			return 0
		}
		c := t.channels.at(r)
		if c.number != number {
			continue
		}
		if a := t.allocations.at(c.allocation); a.client == *client && a.listener == listener {
			return r
		}
	}
}

// channelByPeer finds the channel of an allocation to a peer.
func (t *tables) channelByPeer(id AllocationID, peer *udpbatch.Addr) ref {
	hash := t.seeds.hash(&peer.IP, peerKey(id, peer.Port))
	for pos := hash; ; pos++ {
		var r ref
		if pos, r = t.byPeer.next(pos, hash); r == 0 {
			return 0
		}
		if c := t.channels.at(r); c.allocation == id && c.peer == *peer {
			return r
		}
	}
}

// addChannel makes the entry; neither number nor peer may be bound. It carries
// nothing before bind.
func (t *tables) addChannel(id AllocationID, number uint16, peer udpbatch.Addr) ref {
	a := t.allocations.at(id)
	r, c := t.channels.take()
	c.peer, c.number, c.allocation = peer, number, id
	c.permission = t.needPermission(id, &peer.IP)
	p := t.permissions.at(c.permission)
	if c.nextSibling = p.channels; p.channels != 0 {
		t.channels.at(p.channels).prevSibling = r
	}
	p.channels = r
	t.channels.push(&a.channels, r)
	t.byNumber.insert(t.seeds.hash(&a.client.IP, numberKey(a.client.Port, a.listener, number)), r)
	t.byPeer.insert(t.seeds.hash(&peer.IP, peerKey(id, peer.Port)), r)
	return r
}

// bind sets until when a channel lasts, if its permission does.
func (t *tables) bind(r ref, expires int64) {
	c := t.channels.at(r)
	c.expires = expires
	c.until = min(expires, t.permissions.at(c.permission).expires)
}

// removeChannel removes the entry, and its permission if that was kept for it.
func (t *tables) removeChannel(r ref) {
	c := t.channels.at(r)
	a := t.allocations.at(c.allocation)
	t.byNumber.remove(t.seeds.hash(&a.client.IP, numberKey(a.client.Port, a.listener, c.number)), r)
	t.byPeer.remove(t.seeds.hash(&c.peer.IP, peerKey(c.allocation, c.peer.Port)), r)
	t.channels.unlink(&a.channels, r)
	p := t.permissions.at(c.permission)
	if c.nextSibling != 0 {
		t.channels.at(c.nextSibling).prevSibling = c.prevSibling
	}
	if c.prevSibling != 0 {
		t.channels.at(c.prevSibling).nextSibling = c.nextSibling
	} else {
		p.channels = c.nextSibling
	}
	if p.channels == 0 && p.expires == 0 {
		t.removePermission(c.permission)
	}
	t.channels.release(r)
}

// whyDead tells what a channel lacks whose time is over.
func (c *channel) whyDead(now int64) DropReason {
	if c.expires <= now {
		return DropNoChannel
	}
	return DropNoPermission
}

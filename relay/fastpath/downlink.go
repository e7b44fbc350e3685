package fastpath

import (
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// relayShare bounds what one relay socket may take of a round.
const relayShare = 32

// downlink is the way from the peers to the clients. What all ready relay
// sockets hold is received into one set of slots and leaves by one batch for
// each listening socket.
type downlink struct {
	recv    *udpbatch.RecvBatch
	used    int // slots that hold packets on their way
	from    udpbatch.Addr
	touched []*listener // listeners with something to send
}

func (d *downlink) open() (err error) {
	d.recv, err = newSlots()
	return err
}

func (d *downlink) close() error {
	if d.recv == nil {
		return nil
	}
	return d.recv.Close()
}

// serveRelay receives from a relay socket that is ready. The allocation may be
// gone: control code ran since the poller spoke.
func (w *Worker) serveRelay(e udpbatch.Event) {
	id := AllocationID(e.Token)
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return
	}
	d := &w.down
	conn := w.relays[id]
	if e.Failed {
		w.counters.add(countNotices, uint64(conn.DrainErrors()))
	}
	if !e.Readable {
		return
	}
	if d.used == d.recv.Len() {
		w.flushClients()
	}
	r := conn.Recv(d.recv, d.used, a.pace.room(min(relayShare, d.recv.Len()-d.used)))
	a.pace.saw(r.Packets)
	w.received(r)
	for slot := d.used; slot < d.used+r.Packets; slot++ {
		d.recv.From(slot, &d.from)
		if reason := w.fromPeer(id, a, slot); reason != dropNone {
			a.traffic.Dropped++
			w.counters.drop(reason)
		}
	}
	d.used += r.Packets
}

// fromPeer frames a peer's datagram for the client (RFC 8656 sections 11.3 and
// 12.7): as ChannelData if the peer has a channel, else as a Data indication.
func (w *Worker) fromPeer(id AllocationID, a *allocation, slot int) DropReason {
	t, d := &w.tables, &w.down
	if a.expires <= w.boot {
		return DropNoAllocation
	}
	var number uint16 // 0: no channel
	var until int64
	var byPort bool
	if r := t.channelByPeer(id, &d.from); r != 0 && t.channels.at(r).expires > w.boot {
		c := t.channels.at(r)
		number, until, byPort = c.number, c.until, c.byPort
	} else if r := t.permissionOf(id, &d.from.IP); r != 0 {
		p := t.permissions.at(r)
		until, byPort = p.expires, p.byPort
	}
	if until <= w.boot {
		return DropNoPermission
	}
	if byPort && !w.cfg.PeerAllowed(d.from.AddrPort()) {
		return DropPeerForbidden
	}
	n := d.recv.Size(slot)
	buf := d.recv.Slot(slot)
	offset, size := wire.Headroom-wire.ChannelHeaderSize, n+wire.ChannelHeaderSize
	if number != 0 {
		wire.PutChannelHeader(buf[offset:], number, n)
	} else {
		offset, size = w.putData(buf, n)
	}
	if size == 0 || size > int(a.clientLimit) {
		return DropTooLong
	}
	if a.toClient != 0 && !w.cfg.Buckets.Take(a.toClient, w.mono, n) {
		return DropRateToClient
	}
	l := w.listener(a.listener)
	if l == nil {
		return DropNoListener
	}
	w.queueToClient(l, buf[offset:offset+size], &a.client, outgoing{id, uint32(n)})
	a.traffic.ToClientPackets++
	a.traffic.ToClientBytes += uint64(n)
	w.counters.add(countToClientPackets, 1)
	w.counters.add(countToClientBytes, uint64(n))
	return dropNone
}

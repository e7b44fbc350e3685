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
	blank   []byte      // stands in for a slot where a header must not be written in place
}

func (d *downlink) open() (err error) {
	d.blank = make([]byte, wire.Headroom+wire.MaxDatagram+wire.Tailroom)
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
// gone: control code ran since the poller spoke. It returns how many datagrams
// were received, a train counting as one.
func (w *Worker) serveRelay(e udpbatch.Event) int {
	id := AllocationID(e.Token)
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return 0
	}
	d := &w.down
	conn := w.relays[id]
	if e.Failed {
		w.counters.add(countNotices, uint64(conn.DrainErrors()))
		w.tellErrors(id, a)
	}
	if !e.Readable {
		return 0
	}
	if d.used == d.recv.Len() {
		w.flushClients()
	}
	first := d.used
	r := conn.Recv(d.recv, first, a.pace.room(min(relayShare, d.recv.Len()-first)))
	w.received(r)
	w.learnTrains(conn, d.recv, first, r.Packets)
	trains := false
	for slot := first; slot < first+r.Packets; slot++ {
		d.recv.From(slot, &d.from)
		if segment := d.recv.Segment(slot); segment > 0 {
			trains = true
			w.trainFromPeer(id, a, slot, segment)
		} else if reason := w.fromPeer(id, a, slot); reason != dropNone {
			w.dropFromPeer(a, reason, 1)
		}
	}
	a.pace.saw(r.Packets, trains)
	d.used = first + r.Packets
	if r.Notices > 0 {
		w.tellErrors(id, a)
	}
	return r.Packets
}

func (w *Worker) dropFromPeer(a *allocation, reason DropReason, packets int) {
	a.traffic.Dropped += uint64(packets)
	w.counters.dropMany(reason, packets)
}

// fromPeer frames a peer's datagram for the client (RFC 8656 sections 11.3 and
// 12.7): as ChannelData if the peer has a channel, else as a Data indication.
func (w *Worker) fromPeer(id AllocationID, a *allocation, slot int) DropReason {
	number, reason := w.admitPeer(id, a)
	if reason != dropNone {
		return reason
	}
	n, buf := w.down.recv.Size(slot), w.down.recv.Slot(slot)
	offset, size := w.putHeader(buf, number, n)
	if reason = w.admitToClient(a, size, n); reason != dropNone {
		return reason
	}
	if a.stream != 0 {
		if s := w.secureStream(a); s != nil {
			return w.queueToSecure(id, a, s, n, buf[offset:offset+size], nil, nil)
		}
		return w.queueToStream(a, buf[offset:offset+wire.PadFrame(buf[offset:], size)], nil, nil)
	}
	l := w.listener(a.listener)
	if l == nil {
		return DropNoListener
	}
	w.makeRoom(l)
	w.queueToClient(l, outgoing{id, uint32(n)})
	l.batch.Append(buf[offset:offset+size], w.wayTo(l, id, a))
	w.countToClient(a, n)
	return dropNone
}

// trainFromPeer frames each datagram of a train. The headers lie apart, since
// there is no room between the datagrams.
func (w *Worker) trainFromPeer(id AllocationID, a *allocation, slot, segment int) {
	d := &w.down
	train := d.recv.Slot(slot)[wire.Headroom : wire.Headroom+d.recv.Size(slot)]
	packets := (len(train) + segment - 1) / segment
	w.counters.add(countTrains, 1)
	w.counters.add(countTrainPackets, uint64(packets))
	number, reason := w.admitPeer(id, a)
	if reason != dropNone {
		w.dropFromPeer(a, reason, packets)
		return
	}
	for len(train) > 0 {
		n := min(segment, len(train))
		if reason := w.fromTrain(id, a, number, train[:n]); reason != dropNone {
			w.dropFromPeer(a, reason, 1)
		}
		train = train[n:]
	}
}

// fromTrain frames one datagram of a train.
func (w *Worker) fromTrain(id AllocationID, a *allocation, number uint16, payload []byte) DropReason {
	n := len(payload)
	offset, size := w.putHeader(w.down.blank, number, n)
	if reason := w.admitToClient(a, size, n); reason != dropNone {
		return reason
	}
	if a.stream != 0 {
		if s := w.secureStream(a); s != nil {
			return w.queueToSecure(id, a, s, n, w.down.blank[offset:wire.Headroom], payload, w.down.blank[wire.Headroom+n:offset+size])
		}
		end := offset + wire.PadFrame(w.down.blank[offset:], size)
		return w.queueToStream(a, w.down.blank[offset:wire.Headroom], payload, w.down.blank[wire.Headroom+n:end])
	}
	l := w.listener(a.listener)
	if l == nil {
		return DropNoListener
	}
	w.makeRoom(l)
	header := l.headers[l.batch.Len()][:wire.Headroom-offset]
	copy(header, w.down.blank[offset:wire.Headroom])
	padding := w.down.blank[wire.Headroom+n : offset+size]
	w.queueToClient(l, outgoing{id, uint32(n)})
	l.batch.AppendFramed(header, payload, padding, w.wayTo(l, id, a))
	w.countToClient(a, n)
	return dropNone
}

// admitPeer decides whether the peer that was just received from may reach the
// client, and returns the number of its channel, 0 for none.
func (w *Worker) admitPeer(id AllocationID, a *allocation) (number uint16, reason DropReason) {
	t, d := &w.tables, &w.down
	if a.expires <= w.boot {
		return 0, DropNoAllocation
	}
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
		return 0, DropNoPermission
	}
	if byPort && !w.cfg.PeerAllowed(id, d.from.AddrPort()) {
		return 0, DropPeerForbidden
	}
	return number, dropNone
}

// putHeader writes the header of n payload bytes in front of where a datagram
// lies in a slot, and returns where the message lies; size 0: it has no room.
func (w *Worker) putHeader(buf []byte, number uint16, n int) (offset, size int) {
	if number == 0 {
		return w.putData(buf, n)
	}
	offset = wire.Headroom - wire.ChannelHeaderSize
	wire.PutChannelHeader(buf[offset:], number, n)
	return offset, wire.ChannelHeaderSize + n
}

// admitToClient decides whether a message with n payload bytes may leave for the
// client.
func (w *Worker) admitToClient(a *allocation, size, n int) DropReason {
	if size == 0 || a.stream == 0 && size > int(a.clientLimit) {
		return DropTooLong
	}
	if a.terms != 0 {
		if reason := w.draw(a, toClient, n); reason != dropNone {
			return reason
		}
	}
	if a.toClient != 0 && !w.cfg.Buckets.Take(a.toClient, w.mono, n) {
		w.giveBack(a, toClient, n)
		return DropRateToClient
	}
	return dropNone
}

func (w *Worker) countToClient(a *allocation, n int) {
	a.traffic.ToClientPackets++
	a.traffic.ToClientBytes += uint64(n)
	w.counters.add(countToClientPackets, 1)
	w.counters.add(countToClientBytes, uint64(n))
}

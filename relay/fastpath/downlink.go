package fastpath

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"

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
	d.recv, err = udpbatch.NewRecvBatch(slots)
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

// putData writes the header of a Data indication in front of the n bytes from
// Headroom on. The peer is shown by its alias.
func (w *Worker) putData(buf []byte, n int) (offset, size int) {
	peer := w.down.from
	w.toExternal(&peer.IP)
	var id [wire.TransactionIDSize]byte
	binary.LittleEndian.PutUint64(id[:8], w.ids.Uint64())
	binary.LittleEndian.PutUint32(id[8:], uint32(w.ids.Uint64()))
	return wire.PutData(buf, wire.Headroom, n, peer.AddrPort(), &id)
}

// newIDs returns a source of transaction ids that nobody can predict.
func newIDs() *rand.ChaCha8 {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails: crypto/rand ends the process instead
	return rand.NewChaCha8(seed)
}

// queueToClient puts a datagram at the end of a listener's batch, which must
// have room: a batch holds as many as there are slots, for data and answers
// alike, and is flushed before its slots are used again.
func (w *Worker) queueToClient(l *listener, packet []byte, client *udpbatch.Addr, o outgoing) {
	l.waiting[l.batch.Len()] = o
	l.batch.Append(packet, client)
	if !l.touched {
		l.touched = true
		w.down.touched = append(w.down.touched, l)
	}
}

// flushClients sends what waits on the listening sockets, which frees all slots.
func (w *Worker) flushClients() {
	d := &w.down
	for _, l := range d.touched {
		s := l.conn.Send(l.batch)
		w.sent(s)
		if s.Failed > 0 {
			w.unsentToClient(l)
		}
		l.batch.Reset()
		l.touched = false
	}
	d.touched = d.touched[:0]
	d.used = 0
	w.control.replies = 0
}

// unsentToClient turns datagrams that did not leave from traffic, or answers,
// into drops.
func (w *Worker) unsentToClient(l *listener) {
	for i := range l.batch.Len() {
		errno := l.batch.Err(i)
		if errno == 0 {
			continue
		}
		w.counters.drop(dropOf(errno))
		o := l.waiting[i]
		if o.allocation == 0 {
			w.counters.take(countReplies, 1)
			continue
		}
		a := w.tables.allocations.at(o.allocation)
		a.traffic.ToClientPackets--
		a.traffic.ToClientBytes -= uint64(o.payload)
		a.traffic.Dropped++
		w.counters.take(countToClientPackets, 1)
		w.counters.take(countToClientBytes, uint64(o.payload))
	}
}

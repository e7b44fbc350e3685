package fastpath

import (
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// batchPackets is how many datagrams are received, or sent, at once.
const batchPackets = 64

// newSlots makes the buffers of one direction: room in front for the longest
// header, and behind for padding, so that nothing is ever copied or cut.
func newSlots() (*udpbatch.RecvBatch, error) {
	return udpbatch.NewRecvBatch(udpbatch.Layout{
		Slots:    batchPackets,
		Headroom: wire.Headroom,
		Size:     wire.MaxFrame, // of a stream; a datagram is shorter
		Tailroom: wire.Tailroom,
	})
}

// uplink is the way from the clients to the peers. One batch of one listening
// socket is received, queued by allocation and sent before the next is received,
// so that the order within each flow stays as it was.
type uplink struct {
	recv *udpbatch.RecvBatch
	send *udpbatch.SendBatch

	from    [batchPackets]udpbatch.Addr // by slot
	ways    [batchPackets]udpbatch.Addr // by slot: the proxies that they came through, if any
	packets [batchViews]queued
	queued  int          // packets in use
	touched AllocationID // list of allocations with queued packets, in order
	last    AllocationID // its end
	again   []view       // datagrams to look at once more after Control
	loser   AllocationID // whose datagram has the reason just given; 0: nobody's
}

// queued is a packet on its way to a peer: part of a slot.
type queued struct {
	peer         udpbatch.Addr
	next         uint16 // place + 1 of the allocation's next packet; 0: none
	slot         uint16
	whole        bool // must not be fragmented
	mixed        bool // the first of a queue with several peers
	offset, size uint32
}

func (u *uplink) open() (err error) {
	u.send = udpbatch.NewSendBatch(batchPackets, batchViews)
	u.again = make([]view, 0, batchPackets)
	u.recv, err = newSlots()
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
// it. It returns how many datagrams were received, a train counting as one.
func (w *Worker) serveListener(id ListenerID) int {
	l := w.listener(id)
	if l == nil {
		return 0
	}
	if l.isProxied() {
		return w.serveProxied(l)
	}
	u := &w.up
	r := l.conn.Recv(u.recv, 0, l.pace.room(u.recv.Len()))
	w.received(r)
	w.learnTrains(l.conn, u.recv, 0, r.Packets)
	w.control.messages = w.control.messages[:0]
	u.again = u.again[:0]
	trains := false
	for slot := range r.Packets {
		u.recv.From(slot, &u.from[slot])
		v := view{slot, wire.Headroom, u.recv.Size(slot)}
		if segment := u.recv.Segment(slot); segment > 0 {
			trains = true
			w.trainFromClient(id, v, segment)
		} else if reason := w.fromClient(id, v); reason != dropNone {
			w.dropOrKeep(id, v, reason)
		}
	}
	l.pace.saw(r.Packets, trains)
	w.flushPeers()
	if len(w.control.messages) == 0 {
		return r.Packets
	}
	w.callControl()
	w.lookAgain(id)
	return r.Packets
}

// lookAgain decides anew about what had to wait for Control.
func (w *Worker) lookAgain(id ListenerID) {
	for _, v := range w.up.again {
		if reason := w.fromClient(id, v); reason != dropNone && !w.arrives(id, v, reason) {
			w.dropFromClient(reason)
		}
	}
	w.lookAgainSecure()
	w.flushPeers()
}

// trainFromClient decides about each datagram of a train.
func (w *Worker) trainFromClient(id ListenerID, train view, segment int) {
	end := train.offset + train.size
	packets := 0
	for at := train.offset; at < end; at += segment {
		v := view{train.slot, at, min(segment, end-at)}
		if reason := w.fromClient(id, v); reason != dropNone {
			w.dropOrKeep(id, v, reason)
		}
		packets++
	}
	w.counters.add(countTrains, 1)
	w.counters.add(countTrainPackets, uint64(packets))
}

// dropOrKeep drops a datagram, or keeps it until after Control if a message in
// front of it may remove the reason.
func (w *Worker) dropOrKeep(id ListenerID, v view, reason DropReason) {
	if reason.curable() && len(w.control.messages) > 0 {
		w.up.again = append(w.up.again, v)
		return
	}
	if !w.arrives(id, v, reason) {
		w.dropFromClient(reason)
	}
}

// received accounts for one Recv.
func (w *Worker) received(r udpbatch.Received) {
	w.counters.add(countRecvCalls, uint64(r.Calls))
	w.counters.add(countNotices, uint64(r.Notices))
}

// dropFromClient accounts for a datagram that fromClient gave a reason to drop.
func (w *Worker) dropFromClient(reason DropReason) {
	w.counters.drop(reason)
	if id := w.up.loser; id != 0 {
		w.tables.allocations.at(id).traffic.Dropped++
	}
}

// fromClient decides about a datagram: it is queued for a peer, kept for
// Control, or has a reason to be dropped.
func (w *Worker) fromClient(id ListenerID, v view) DropReason {
	w.up.loser = 0
	b := w.up.bytes(v)
	switch wire.Classify(b) {
	case wire.KindChannelData:
		return w.channelData(id, v, b)
	case wire.KindSTUN:
		if wire.IsSend(b) {
			if s, r := wire.ParseSend(b); r == wire.OK {
				return w.sendIndication(id, v, &s)
			}
		}
		return w.keepForControl(id, v, b)
	case wire.KindDTLS:
		return w.fromDTLS(id, v, b)
	}
	return DropUnknownProtocol
}

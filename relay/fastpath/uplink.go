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
		Size:     wire.MaxDatagram,
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
	packets [batchPackets]queued        // by slot
	touched AllocationID                // list of allocations with queued packets, in order
	last    AllocationID                // its end
	again   []uint16                    // slots to look at once more after Control
	loser   AllocationID                // whose datagram has the reason just given; 0: nobody's
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
			w.dropFromClient(reason)
		}
	}
	w.flushPeers()
	if len(w.control.messages) == 0 {
		return
	}
	w.callControl()
	for _, slot := range u.again {
		if reason := w.fromClient(l, int(slot)); reason != dropNone {
			w.dropFromClient(reason)
		}
	}
	w.flushPeers()
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

// fromClient decides about the datagram in a slot: it is queued for a peer,
// kept for Control, or has a reason to be dropped.
func (w *Worker) fromClient(l *listener, slot int) DropReason {
	w.up.loser = 0
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

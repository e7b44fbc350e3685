package fastpath

import (
	"encoding/binary"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// clientID names a client in the tables.
type clientID struct {
	addr     udpbatch.Addr
	listener ListenerID
}

// clientOf is how the tables name the client of a message.
func clientOf(m *Message) clientID {
	if m.Stream != 0 {
		return clientID{streamKey(m.Stream), streamListener}
	}
	return clientID{udpbatch.AddrOf(m.Client), m.Listener}
}

// streamKey stands for the client of a stream in the tables.
func streamKey(id StreamID) (key udpbatch.Addr) {
	binary.BigEndian.PutUint64(key.IP[8:], uint64(id))
	return key
}

// Expect makes the worker call Config.Arrived for data of a message's client, who
// has no allocation here: one of its allocations may move to where it now is
// (RFC 8016).
func (w *Worker) Expect(from *Message) { w.expected[clientOf(from)] = struct{}{} }

// Unexpect undoes Expect. A client that is not expected is not an error.
func (w *Worker) Unexpect(from *Message) { delete(w.expected, clientOf(from)) }

// arrives gives a datagram that was about to be dropped to control code, if its
// client is expected, and reports whether that has kept it.
func (w *Worker) arrives(id ListenerID, v view, reason DropReason) bool {
	if len(w.expected) == 0 || reason != DropNoAllocation && reason != DropNoChannel {
		return false
	}
	if _, ok := w.expected[clientID{w.up.from[v.slot], id}]; !ok {
		return false
	}
	m := w.messageAt(id, v, w.up.bytes(v))
	return w.cfg.Arrived(w, &m)
}

// Inject handles a message as if its client had just sent it: one that waited for
// its allocation to arrive. Only functions given to Post may call it.
func (w *Worker) Inject(m *Message) {
	u, client := &w.up, clientOf(m)
	if m.Stream != 0 {
		s := w.streams.get(m.Stream)
		if s == nil {
			return
		}
		w.streams.receives = s
		defer func() { w.streams.receives = nil }()
	}
	w.control.messages, u.again = w.control.messages[:0], u.again[:0]
	u.from[0], u.ways[0] = client.addr, udpbatch.AddrOf(m.Proxy)
	v := view{0, wire.Headroom, copy(u.recv.Slot(0)[wire.Headroom:], m.Data)}
	if reason := w.fromClient(client.listener, v); reason != dropNone {
		w.dropOrKeep(client.listener, v, reason)
	}
	w.flushPeers()
	if len(w.control.messages) > 0 {
		w.callControl()
		w.lookAgain(client.listener)
	}
}

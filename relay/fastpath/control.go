package fastpath

import (
	"net/netip"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// Message is a STUN message for control code: the message from its first byte
// on, and where it came from and to. Data is valid, and may be written to, until
// Control returns.
type Message struct {
	Data           []byte
	Client, Server netip.AddrPort
	Listener       ListenerID
	Stream         StreamID // 0: it came in a datagram of UDP
	Transport      Transport
	ServerName     string // that a client of TLS or DTLS asked for, in lower case; or empty

	moved netip.AddrPort // where a client of DTLS is now; zero: where it began

	// Via is the worker whose client it is, when control code has passed the
	// message on to another one; answers leave from there. Hops counts how often.
	Via  *Worker
	Hops uint8

	// Proxy is the load balancer that it came through, where listeners have some in
	// front; answers go there. The zero value: there is none.
	Proxy netip.AddrPort
}

// Source is where the message came from: Client, unless that has moved since its
// association began (RFC 9146). For everything else it stays who it was.
func (m *Message) Source() netip.AddrPort {
	if m.moved.IsValid() {
		return m.moved
	}
	return m.Client
}

// replySize is the longest answer that waits for the batch. Answers without
// padding tests are a few hundred bytes; longer ones are sent at once.
const replySize = 2048

// control holds the messages of the batch at hand, and the answers to them.
type control struct {
	messages []Message
	buffers  []byte // replySize bytes for each answer
	replies  int    // buffers in use
	single   *udpbatch.SendBatch
}

func (c *control) open() {
	c.messages = make([]Message, 0, batchPackets)
	c.buffers = make([]byte, batchPackets*replySize)
	c.single = udpbatch.NewSendBatch(1, 1)
}

// keepForControl keeps a STUN message for Control.
func (w *Worker) keepForControl(id ListenerID, v view, b []byte) DropReason {
	if w.streams.receives == nil && w.listeners[id].onlyDTLS {
		return DropPlain
	}
	w.control.messages = append(w.control.messages, w.messageAt(id, v, b))
	return dropNone
}

// messageAt is what was received into a slot, with where it came from.
func (w *Worker) messageAt(id ListenerID, v view, b []byte) Message {
	m := Message{Data: b, Listener: id}
	if s := w.streams.receives; s != nil {
		m.Client, m.Server, m.Stream = s.Client, s.Server, s.id
		m.Transport, m.ServerName = s.transport, s.name
		if s.hasMoved() {
			m.moved = s.secure.client.AddrPort()
		}
	} else {
		m.Client, m.Server = w.up.from[v.slot].AddrPort(), w.ListenerAddr(id)
		if l := w.listener(id); l != nil && l.isProxied() {
			m.Proxy = w.up.ways[v.slot].AddrPort()
		}
	}
	return m
}

// callControl hands the messages over and sends the answers.
func (w *Worker) callControl() {
	w.counters.add(countMessages, uint64(len(w.control.messages)))
	w.cfg.Control(w, w.control.messages)
	w.flushClients()
}

// Reply sends an answer to where a message came from, from the address it
// reached. It is copied, and leaves with the batch, before any datagram that is
// received later; by a stream, at the end of the round.
func (w *Worker) Reply(to *Message, answer []byte) {
	if to.Via != nil {
		w.replyVia(to, answer)
		return
	}
	if to.Stream != 0 {
		w.replyToStream(to.Stream, answer)
		return
	}
	l := w.listener(to.Listener)
	if l == nil {
		w.counters.drop(DropNoListener)
		return
	}
	client := udpbatch.AddrOf(to.Client)
	if to.Proxy.IsValid() {
		client = udpbatch.AddrOf(to.Proxy)
	}
	w.counters.add(countReplies, 1)
	if len(answer) > replySize {
		w.replyAtOnce(l, answer, &client)
		return
	}
	c := &w.control
	if c.replies == batchPackets || l.batch.Full() {
		w.flushClients()
	}
	buf := c.buffers[c.replies*replySize : (c.replies+1)*replySize]
	c.replies++
	w.queueToClient(l, outgoing{})
	l.batch.Append(buf[:copy(buf, answer)], &client)
}

// replyAtOnce sends an answer that is too long for a buffer, behind those that
// wait.
func (w *Worker) replyAtOnce(l *listener, answer []byte, client *udpbatch.Addr) {
	w.flushClients()
	b := w.control.single
	b.Reset()
	b.Append(answer, client)
	s := l.conn.Send(b)
	w.sent(s)
	if s.Failed > 0 {
		w.counters.take(countReplies, 1)
		w.counters.drop(dropOf(b.Err(0)))
	}
}

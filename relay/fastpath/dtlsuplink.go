package fastpath

import (
	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/wire"
)

// openDatagram decides about each record of a client's datagram. p is what there is
// at the path that it came by, if anything.
func (w *Worker) openDatagram(s *clientStream, p *dtlsPeer, id ListenerID, v view, b []byte) DropReason {
	for at := 0; at < len(b); {
		r, ok := dtls.ParseRecord(b[at:])
		if !ok {
			w.up.loser = 0
			return DropDTLSRecord
		}
		part := view{v.slot, v.offset + at, r.Size}
		if reason := w.openRecord(s, p, id, part, b[at:at+r.Size], &r); reason != dropNone {
			w.dropFromClient(reason)
		}
		at += r.Size
	}
	return dropNone
}

// openRecord decides about one record. Those of handshakes are for whoever runs
// them: the end of the one before, or a new one.
func (w *Worker) openRecord(s *clientStream, p *dtlsPeer, id ListenerID, v view, record []byte, r *dtls.Record) DropReason {
	w.up.loser = 0
	d := s.secure
	switch r.Type {
	case dtls.TypeCID:
		// Only once it is open is it known what it is.
		w.toHandshakes(s, p, record)
	case dtls.TypeApplicationData, dtls.TypeAlert:
		if r.Epoch == 0 {
			return DropDTLSRecord
		}
	default:
		if dtls.IsHello(record) {
			// A record before it may have begun a handshake where there was nobody.
			return w.fromStranger(w.dtls.byPath[dtlsPath{w.up.from[v.slot], id}], id, v, record)
		}
		if !w.toHandshakes(s, p, record) {
			return DropDTLSRecord
		}
		return dropNone
	}
	var next []byte // the record, if it may be of the association that follows this one
	if p != nil && p.pending != nil {
		next = append(next, record...)
	}
	at, n, kind, isHighest, ok := d.cipher.Open(record, r)
	switch {
	case !ok && next != nil && p.pending.keep(next):
		return dropNone
	case !ok || s.dying != closeNone:
		return DropDTLSRecord
	}
	if from := &w.up.from[v.slot]; isHighest && (d.client != *from || d.listener != id) {
		if reason := w.refusal(from.Addr()); reason != dropNone {
			return reason
		}
		w.moveTo(s, *from, id)
	}
	s.heard = w.mono
	content := view{v.slot, v.offset + at, n}
	switch kind {
	case dtls.TypeApplicationData:
		w.settleHandshake(d)
		return w.fromSecure(s, content)
	case dtls.TypeAlert:
		if dtls.IsEnd(record[at : at+n]) {
			w.doom(s, CloseClient)
		}
		return dropNone
	case dtls.TypeHandshake:
		return dropNone // the end of the handshake again
	}
	return DropDTLSRecord
}

// toHandshakes gives a record to the handshakes of a client; false: there is none,
// or it has no room.
func (w *Worker) toHandshakes(s *clientStream, p *dtlsPeer, record []byte) bool {
	taken := false
	if p != nil && p.pending != nil {
		taken = p.pending.handshake.Deliver(record)
	}
	if h := s.secure.handshake; h != nil {
		taken = h.Deliver(record) || taken
	}
	return taken
}

// fromSecure decides about a decrypted datagram, as fromClient does about others.
func (w *Worker) fromSecure(s *clientStream, v view) DropReason {
	t := &w.streams
	if !s.authenticated {
		if s.received += v.size; s.received > t.limits.UnauthenticatedBytes {
			w.doom(s, CloseBytes)
			return dropNone
		}
	}
	mayKeep := len(w.control.messages) > 0
	reason := w.decideSecure(s, v, mayKeep)
	if mayKeep && reason.curable() {
		w.dtls.again = append(w.dtls.again, sealedView{s, v})
		return dropNone
	}
	return reason
}

// decideSecure is fromClient with the client's stream in the place of its address.
// What mayKeep until after Control, it does not give to those who expect the client.
func (w *Worker) decideSecure(s *clientStream, v view, mayKeep bool) DropReason {
	if wire.Classify(w.up.bytes(v)) == wire.KindDTLS {
		return DropUnknownProtocol
	}
	from := &w.up.from[v.slot]
	source := *from
	*from, w.streams.receives = s.key, s
	reason := w.fromClient(streamListener, v)
	isKept := mayKeep && reason.curable()
	if reason != dropNone && !isKept && w.arrives(streamListener, v, reason) {
		reason = dropNone
	}
	*from, w.streams.receives = source, nil
	return reason
}

// lookAgainSecure is lookAgain for clients of DTLS.
func (w *Worker) lookAgainSecure() {
	for i := range w.dtls.again {
		a := &w.dtls.again[i]
		if reason := w.decideSecure(a.stream, a.view, false); reason != dropNone {
			w.dropFromClient(reason)
		}
		a.stream = nil
	}
	w.dtls.again = w.dtls.again[:0]
}

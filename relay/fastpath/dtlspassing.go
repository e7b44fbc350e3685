package fastpath

import "github.com/fairlead/fairlead/internal/wire"

// passedOn is a datagram that is not looked at where it was received: of a client
// that has moved to an address of another worker, or one kept for later.
type passedOn struct {
	path dtlsPath
	b    []byte
}

// maxPassedOn bounds what one round passes on to one worker.
const maxPassedOn = batchPackets

// passOn keeps a datagram for the worker that has its association. They go there
// together at the end of the round.
func (w *Worker) passOn(worker int, id ListenerID, v view, b []byte) DropReason {
	t := &w.dtls
	if t.passing == nil && w.cfg.DTLS.Workers > 0 {
		t.passing = make([][]passedOn, w.cfg.DTLS.Workers)
	}
	if worker >= len(t.passing) {
		return DropDTLSStranger
	}
	if len(t.passing[worker]) == maxPassedOn {
		return DropDTLSPassing
	}
	t.passing[worker] = append(t.passing[worker], passedOn{dtlsPath{w.up.from[v.slot], id}, append([]byte(nil), b...)})
	t.waiting = true
	return dropNone
}

// sendPassedOn gives the other workers what is theirs.
func (w *Worker) sendPassedOn() {
	t := &w.dtls
	t.waiting = false
	for worker, list := range t.passing {
		if len(list) == 0 {
			continue
		}
		t.passing[worker] = nil
		if w.cfg.DTLS.Pass(worker, func(w *Worker) { w.inject(list) }) != nil {
			w.counters.dropMany(DropDTLSPassing, len(list))
		}
	}
}

// inject decides about datagrams as if they had been received now. Nothing may be
// on its way to peers.
func (w *Worker) inject(list []passedOn) {
	u := &w.up
	for len(list) > 0 {
		n := min(len(list), u.recv.Len())
		w.control.messages = w.control.messages[:0]
		for slot, d := range list[:n] {
			u.from[slot] = d.path.client
			v := view{slot, wire.Headroom, len(d.b)}
			copy(u.recv.Slot(slot)[wire.Headroom:], d.b)
			if reason := w.fromDTLS(d.path.listener, v, u.bytes(v)); reason != dropNone {
				w.dropFromClient(reason)
			}
		}
		w.flushPeers()
		if len(w.control.messages) > 0 {
			w.callControl()
			u.again = u.again[:0]
			w.lookAgain(streamListener)
		}
		list = list[n:]
	}
}

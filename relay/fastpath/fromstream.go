package fastpath

import "github.com/fairlead/fairlead/internal/wire"

// serveStream reads once from a stream, into one slot, and forwards the frames
// that are whole. What is left of a frame is kept for the next time. A stream
// gets no more of a round than that, whatever it holds.
func (w *Worker) serveStream(s *clientStream) {
	if s.dying != closeNone || !s.recv || s.held {
		return
	}
	u, t := &w.up, &w.streams
	b := u.recv.Slot(0)[wire.Headroom : wire.Headroom+wire.MaxFrame]
	have := copy(b, s.partial)
	t.buffers.put(s.partial)
	s.partial = nil
	n, open := s.Conn.Recv(b[have:])
	w.counters.add(countRecvCalls, 1)
	s.heard = w.mono
	if !s.authenticated {
		s.received += n
	}
	u.from[0] = s.key
	t.receives = s
	rest, understood := w.forwardFrames(b[:have+n])
	t.receives = nil
	switch {
	case s.taker != nil:
		w.handOver(s, rest, s.taker)
	case !understood:
		w.doom(s, CloseMalformed)
	case !open && !s.held: // what is held finds its end again
		w.doom(s, CloseClient)
	case !s.authenticated && s.received > t.limits.UnauthenticatedBytes:
		w.doom(s, CloseBytes)
	default:
		if len(rest) > 0 {
			s.partial = append(t.buffers.take(len(rest)), rest...)
		}
		if s.Conn.More() {
			w.serveAgain(s)
		}
	}
}

// forwardFrames decides about each whole frame that a slot begins with, as
// serveListener does about the datagrams of a batch, and returns what is left.
// Understood false means that what is left begins no frame.
func (w *Worker) forwardFrames(b []byte) (rest []byte, understood bool) {
	s, at, reason := w.streams.receives, 0, wire.OK
	for isBind := true; isBind && s.taker == nil && !s.held; {
		at, reason, isBind = w.forwardSome(b, at)
	}
	return b[at:], reason == wire.OK
}

// forwardSome decides about the frames from at on, up to the first one that says
// what is behind it, and returns where it stopped.
func (w *Worker) forwardSome(b []byte, at int) (end int, reason wire.Reason, isBind bool) {
	w.control.messages = w.control.messages[:0]
	w.up.again = w.up.again[:0]
	for at < len(b) && !isBind {
		var size int
		if size, reason = wire.FrameSize(b[at:]); size == 0 || at+size > len(b) {
			break
		}
		isBind = w.cfg.TCPRelay && isConnectionBind(b[at:at+size])
		v := view{0, wire.Headroom + at, size}
		if drop := w.fromClient(streamListener, v); drop != dropNone {
			w.dropOrKeep(streamListener, v, drop)
		}
		at += size
	}
	w.flushPeers()
	if len(w.control.messages) > 0 {
		w.callControl()
		w.lookAgain(streamListener)
	}
	return at, reason, isBind
}

// serveAgain puts a stream into the list of those to be served in the next round
// although the poller may not report them.
func (w *Worker) serveAgain(s *clientStream) {
	if !s.again {
		s.again = true
		w.streams.again = append(w.streams.again, s)
	}
}

// serveStreamEvent serves a stream that the poller reported.
func (w *Worker) serveStreamEvent(index uint32, readable, writable, failed bool) {
	s := w.streams.byIndex[index]
	if s == nil {
		return
	}
	if writable {
		w.touchStream(s)
	}
	switch {
	case readable:
		w.serveStream(s)
	case failed:
		w.doom(s, CloseClient)
	}
}

// serveStreamsAgain serves the streams that had more in the last round.
func (w *Worker) serveStreamsAgain() {
	t := &w.streams
	t.serving, t.again = t.again, t.serving[:0]
	for _, s := range t.serving {
		s.again = false
		if t.get(s.id) == s {
			w.serveStream(s)
		}
	}
	clear(t.serving)
}

package fastpath

import (
	"bytes"
	"encoding/binary"

	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/wire"
)

// A ConnectionBind request (RFC 6062 section 5.4) may be the last message of its
// stream: when it succeeds, all bytes behind it are data for the peer. So nothing
// behind it is looked at until Control has decided: by HandOver, by Hold until it
// can, or, by doing nothing, to go on with the next message.

// Handover is a stream that its worker gave up.
type Handover struct {
	// Conn is detached, and the receiver's.
	Conn *stream.Conn
	// In was received behind the last message, Out are answers that still have to
	// be sent before anything else.
	In, Out []byte
}

// isConnectionBind tells such a request by its type: method 0x00B, class request.
func isConnectionBind(frame []byte) bool {
	return len(frame) >= wire.HeaderSize && binary.BigEndian.Uint16(frame) == uint16(wire.MethodConnectionBind)
}

// HandOver takes a stream away from the worker and gives it to take, on the
// worker's thread, before anything behind the message at hand is looked at. The
// stream must have no allocation. False: it is gone, and take is not called.
func (w *Worker) HandOver(id StreamID, take func(Handover)) bool {
	s := w.streams.get(id)
	if s == nil || s.secure != nil || s.dying != closeNone || s.allocations > 0 {
		return false
	}
	if s == w.streams.receives {
		s.taker = take // as soon as the frames before it are done with
		return true
	}
	w.handOver(s, s.partial, take)
	return true
}

func (w *Worker) handOver(s *clientStream, in []byte, take func(Handover)) {
	h := Handover{Conn: s.Conn, In: bytes.Clone(in), Out: bytes.Clone(s.out.bytes())}
	w.leaveStream(s, CloseBound)
	take(h)
}

// Hold makes the worker wait for Resume before it looks at what a stream brings
// behind the message at hand. The time of a client that has not authenticated, or
// has no allocation, runs on. A stream that is gone, 0, and a client of DTLS do nothing.
func (w *Worker) Hold(id StreamID) {
	if s := w.streams.get(id); s != nil && s.secure == nil {
		s.held = true
		w.watchStream(s, false, s.send)
	}
}

// Resume ends Hold. A stream that is not held, or is gone, stays as it is.
func (w *Worker) Resume(id StreamID) {
	if s := w.streams.get(id); s != nil && s.held {
		s.held = false
		w.watchStream(s, true, s.send)
		w.serveAgain(s)
	}
}

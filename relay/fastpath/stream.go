package fastpath

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// StreamID names a stream on its worker, for good: it is not used again. 0 is
// none.
type StreamID uint64

// StreamLimits bound what a worker does for the clients of TCP, TLS and DTLS.
type StreamLimits struct {
	// AuthenticationTimeout and UnauthenticatedBytes are what a client may take
	// before a request of it is authenticated.
	AuthenticationTimeout time.Duration
	UnauthenticatedBytes  int
	// IdleTimeout is how long a client without an allocation may be silent.
	IdleTimeout time.Duration
	// BacklogBytes bounds the datagrams that wait for one client of TCP or TLS.
	BacklogBytes int
}

// Stream is an accepted connection that is handed to a worker.
type Stream struct {
	// Conn is detached; it becomes the worker's, also on an error.
	Conn *stream.Conn
	// Client and Server are both ends of the connection.
	Client, Server netip.AddrPort
	// Settle, when set, is called once, on the worker's thread: when a request of
	// the client was authenticated, or the stream is closed before.
	Settle func()
}

// streamListener is the listener of all streams in the keys of the tables. No
// socket has this number; the place of the client is taken by its stream.
const streamListener ListenerID = 0xFFFF

// clientStream is a stream that a worker serves.
type clientStream struct {
	Stream
	id        StreamID
	key       udpbatch.Addr // stands for the client in the tables
	transport Transport
	name      string           // that a client of TLS or DTLS asked for
	secure    *secureDatagrams // of a client of DTLS, which has no Conn; else nil

	authenticated bool
	allocations   int          // live ones
	allocation    AllocationID // the first of them, for its counts
	opened, heard int64        // monotonic time, ns
	received      int          // bytes before authentication

	partial []byte // the beginning of a frame; from the worker's buffers
	out     backlog
	recv    bool // watched for something to read
	send    bool // watched for room
	touched bool // in the list of streams to flush
	again   bool // in the list of streams that may have more
	held    bool // Control has not decided about a ConnectionBind
	taker   func(Handover)
	dying   CloseReason
}

// path names a connection among those of a worker.
type path struct {
	client, server udpbatch.Addr
	isDTLS         bool // ports of UDP are not those of TCP
}

func (s *clientStream) path() path {
	return path{udpbatch.AddrOf(s.Client), udpbatch.AddrOf(s.Server), s.secure != nil}
}

// streams are the streams of one worker.
type streams struct {
	limits  StreamLimits
	byIndex []*clientStream // nil: free; place 0 stays free
	free    []uint32
	byPath  map[path]uint32
	serial  uint32                 // of the last stream
	open    [TransportDTLS + 1]int // by transport

	buffers  buffers
	touched  []*clientStream // with something to send
	again    []*clientStream // that may have more to read
	serving  []*clientStream // scratch of again
	doomed   []*clientStream // to be closed at the end of the round
	receives *clientStream   // whose frames are looked at; nil: datagrams are
}

func newStreams(limits StreamLimits) streams {
	return streams{limits: limits, byIndex: make([]*clientStream, 1), byPath: make(map[path]uint32)}
}

// isEmpty reports whether no stream is open.
func (t *streams) isEmpty() bool { return t.open == [len(t.open)]int{} }

// SetStreamLimits changes Config.Streams, also for the streams that are open. It is
// for Post and Tick.
func (w *Worker) SetStreamLimits(limits StreamLimits) { w.streams.limits = limits }

// index is the place of a stream, which is also in its poller token.
func (id StreamID) index() uint32 { return uint32(id) }

// AddStream makes the worker serve a connection, whose client has to
// authenticate in time.
func (w *Worker) AddStream(s Stream) (StreamID, error) {
	t := &w.streams
	c := &clientStream{Stream: s, transport: TransportTCP, opened: w.mono, heard: w.mono, recv: true}
	if s.Conn.IsSecure() {
		c.transport, c.name = TransportTLS, s.Conn.ServerName()
	}
	// The end of an old connection and the begin of a new one with the same
	// addresses may be found in this order.
	w.replaceStream(c)
	index := t.take()
	if err := w.poller.AddStream(s.Conn, streamToken|index); err != nil {
		t.free = append(t.free, index)
		_ = s.Conn.Close() // the error that counts is the other
		c.settle()
		return 0, fmt.Errorf("watch stream of %s: %w", s.Client, err)
	}
	w.placeStream(c, index)
	w.serveAgain(c)
	return c.id, nil
}

// take returns a free place.
func (t *streams) take() uint32 {
	if n := len(t.free); n > 0 {
		index := t.free[n-1]
		t.free = t.free[:n-1]
		return index
	}
	t.byIndex = append(t.byIndex, nil)
	return uint32(len(t.byIndex) - 1)
}

// Authenticated lifts what bounds a stranger's stream. A stream that is gone, and
// 0, do nothing.
func (w *Worker) Authenticated(id StreamID) {
	if s := w.streams.get(id); s != nil && !s.authenticated {
		s.authenticated = true
		s.settle()
	}
}

// EvictStream closes a stream whose client has not authenticated; any other one
// stays. It is for Post and Tick.
func (w *Worker) EvictStream(id StreamID) {
	if s := w.streams.get(id); s != nil && !s.authenticated {
		w.closeStream(s, CloseEvicted)
	}
}

// HasStream reports whether a stream is open. 0 is none. It is for the worker's
// thread.
func (w *Worker) HasStream(id StreamID) bool { return w.streams.get(id) != nil }

// get returns a live stream, or nil.
func (t *streams) get(id StreamID) *clientStream {
	index := id.index()
	if int(index) >= len(t.byIndex) {
		return nil
	}
	if s := t.byIndex[index]; s != nil && s.id == id {
		return s
	}
	return nil
}

// settle tells that the client is no longer one of those who have not
// authenticated.
func (s *clientStream) settle() {
	if s.Settle != nil {
		s.Settle()
		s.Settle = nil
	}
}

// doom marks a stream to be closed at the end of the round: packets on their way
// may still refer to it.
func (w *Worker) doom(s *clientStream, reason CloseReason) {
	if s.dying == closeNone {
		s.dying = reason
		w.streams.doomed = append(w.streams.doomed, s)
	}
}

// reapStreams closes what was doomed.
func (w *Worker) reapStreams() {
	t := &w.streams
	for _, s := range t.doomed {
		if t.get(s.id) == s {
			w.closeStream(s, s.dying)
		}
	}
	clear(t.doomed)
	t.doomed = t.doomed[:0]
}

// closeStream ends a stream with its allocations. Nothing may be on its way.
func (w *Worker) closeStream(s *clientStream, reason CloseReason) {
	s.dying = reason
	if w.cfg.StreamClosed != nil {
		m := Message{Client: s.Client, Server: s.Server, Listener: streamListener, Stream: s.id, Transport: s.transport}
		if s.hasMoved() {
			m.moved = s.secure.client.AddrPort()
		}
		w.cfg.StreamClosed(w, &m)
	}
	if s.secure != nil {
		w.closeSecure(s)
		w.forgetStream(s, reason)
		return
	}
	w.leaveStream(s, reason)
	_ = s.Conn.Close() // nothing can be done about a socket that does not close properly
}

// leaveStream ends all that a worker has to do with a stream of TCP or TLS, except
// for its connection.
func (w *Worker) leaveStream(s *clientStream, reason CloseReason) {
	_ = w.poller.RemoveStream(s.Conn, streamToken|s.id.index()) // fails only for one that is not watched
	w.forgetStream(s, reason)
}

// forgetStream gives back what a worker has of a stream.
func (w *Worker) forgetStream(s *clientStream, reason CloseReason) {
	t, index := &w.streams, s.id.index()
	t.buffers.put(s.partial)
	t.buffers.put(s.out.buf)
	s.partial, s.out = nil, backlog{}
	s.settle()
	t.byIndex[index] = nil
	delete(t.byPath, s.path())
	t.open[s.transport]--
	// An allocation that control code left keeps the place until it is removed:
	// what comes for it must not reach another client.
	if s.allocations == 0 {
		t.free = append(t.free, index)
	}
	w.counters.add(countClosed+counter(reason), 1)
}

// closeStreams ends all streams of a worker that stops.
func (w *Worker) closeStreams() {
	for _, s := range w.streams.byIndex {
		if s != nil {
			w.closeStream(s, CloseStopped)
		}
	}
	w.closeHandshakes()
	w.flushClients() // goodbyes of DTLS
}

// sweepStreams dooms the streams whose time is over.
func (w *Worker) sweepStreams() {
	t := &w.streams
	for _, s := range t.byIndex {
		switch {
		case s == nil || s.allocations > 0:
		case !s.authenticated && w.mono-s.opened > int64(t.limits.AuthenticationTimeout):
			w.doom(s, CloseTimeout)
		case s.authenticated && w.mono-s.heard > int64(t.limits.IdleTimeout):
			w.doom(s, CloseIdle)
		}
	}
}

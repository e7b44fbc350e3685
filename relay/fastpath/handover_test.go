package fastpath_test

import (
	"bytes"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// taker is control code that decides about the ConnectionBind requests of a test.
type taker struct {
	given chan fastpath.Handover
	seen  chan wire.Method
}

func startTaker(t *testing.T, decide func(*taker, *fastpath.Worker, *fastpath.Message)) (*fixture, *taker) {
	t.Helper()
	k := &taker{given: make(chan fastpath.Handover, 1), seen: make(chan wire.Method, 64)}
	f := start(t, loopback4, fastpath.Config{
		Streams: streamLimits, TCPRelay: true,
		Control: func(w *fastpath.Worker, batch []fastpath.Message) {
			for i := range batch {
				var m wire.Message
				if m.Walk(batch[i].Data) != wire.OK {
					continue
				}
				k.seen <- m.Method
				w.Reply(&batch[i], batch[i].Data)
				if m.Method == wire.MethodConnectionBind {
					decide(k, w, &batch[i])
				}
			}
		},
	})
	return f, k
}

func (k *taker) take(h fastpath.Handover) { k.given <- h }

// bindRequest is a ConnectionBind request.
func bindRequest() []byte {
	var b wire.Builder
	b.Request(wire.MethodConnectionBind, [wire.TransactionIDSize]byte{1})
	b.ConnectionID(7)
	return bytes.Clone(b.Bytes())
}

// What follows a ConnectionBind goes with the connection, whatever it looks like and
// however it was cut; what is in front of it is served before.
func TestHandOver(t *testing.T) {
	behind := append(stunRequest(9), padded(0x4000, []byte("no ChannelData"))...)
	behind = append(behind, 0xFF, 0xFF, 0xFF) // begins no frame
	for _, size := range []int{1, 3, 19, 100, 1000} {
		f, k := startTaker(t, func(k *taker, w *fastpath.Worker, m *fastpath.Message) {
			if !w.HandOver(m.Stream, k.take) {
				t.Error("the stream is gone")
			}
		})
		c := f.connect()
		all := append(append(stunRequest(1), bindRequest()...), behind...)
		for rest := all; len(rest) > 0; {
			n := min(size, len(rest))
			c.send(rest[:n])
			rest = rest[n:]
		}
		h := <-k.given
		if first, second := <-k.seen, <-k.seen; first != wire.MethodBinding || second != wire.MethodConnectionBind {
			t.Errorf("got %s and %s, want Binding and ConnectionBind", first, second)
		}
		conn, rest, err := h.Conn.Attach()
		if err != nil {
			t.Fatal(err)
		}
		got := append(h.In, rest...)
		for len(got) < len(behind) {
			piece := make([]byte, len(behind))
			n, err := conn.Read(piece)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, piece[:n]...)
		}
		if !bytes.Equal(got, behind) {
			t.Errorf("pieces of %d: got % x, want % x", size, got, behind)
		}
		if err := h.Conn.Flush(); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(append(h.Out, padded(0x4001, []byte("hello"))...)); err != nil {
			t.Fatal(err)
		}
		c.wantFrames(stunRequest(1), bindRequest(), padded(0x4001, []byte("hello")))
		conn.Close()
		c.wantClosed()
		f.wantStats(t, func(s fastpath.Stats) bool {
			return s.StreamsTCP == 0 && s.StreamsClosed[fastpath.CloseBound] == 1
		})
		f.on(func(w *fastpath.Worker) {
			if w.HandOver(c.id, k.take) {
				t.Error("a stream that was handed over is there to be taken")
			}
		})
	}
}

// A ConnectionBind that nobody took is a message like others.
func TestRefusedHandOver(t *testing.T) {
	f, k := startTaker(t, func(*taker, *fastpath.Worker, *fastpath.Message) {})
	c := f.connect()
	c.send(append(append(bindRequest(), bindRequest()...), stunRequest(1)...))
	c.wantFrames(bindRequest(), bindRequest(), stunRequest(1))
	for _, want := range []wire.Method{wire.MethodConnectionBind, wire.MethodConnectionBind, wire.MethodBinding} {
		if got := <-k.seen; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// While a ConnectionBind waits nothing behind it is looked at; then it is taken or
// the next message is served.
func TestHold(t *testing.T) {
	for _, taken := range []bool{true, false} {
		f, k := startTaker(t, func(_ *taker, w *fastpath.Worker, m *fastpath.Message) { w.Hold(m.Stream) })
		c := f.connect()
		c.send(append(bindRequest(), stunRequest(1)...))
		if got := <-k.seen; got != wire.MethodConnectionBind {
			t.Fatalf("got %s, want ConnectionBind", got)
		}
		c.wantFrames(bindRequest())
		c.send(stunRequest(2))
		f.on(func(*fastpath.Worker) {}) // a round has passed
		if len(k.seen) > 0 {
			t.Fatal("a message behind a ConnectionBind that waits was served")
		}
		if !taken {
			f.on(func(w *fastpath.Worker) { w.Resume(c.id) })
			c.wantFrames(stunRequest(1), stunRequest(2))
			continue
		}
		f.on(func(w *fastpath.Worker) { w.HandOver(c.id, k.take) })
		h := <-k.given
		if !bytes.Equal(h.In, stunRequest(1)) {
			t.Errorf("got % x, want what came behind the request", h.In)
		}
		conn, rest, err := h.Conn.Attach()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		b := make([]byte, len(stunRequest(2)))
		copy(b, rest)
		if len(rest) == 0 {
			if _, err := conn.Read(b); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(b, stunRequest(2)) {
			t.Errorf("got % x, want what came while it waited", b)
		}
	}
}

// A stream with an allocation stays its worker's.
func TestHandOverOfAControlConnection(t *testing.T) {
	f, k := startTaker(t, func(*taker, *fastpath.Worker, *fastpath.Message) {})
	c := f.connect()
	a := f.publishFor(c, func(a *fastpath.Allocation) { a.Relay.Close(); a.Relay = nil })
	f.on(func(w *fastpath.Worker) {
		if w.HandOver(c.id, k.take) {
			t.Error("a control connection was handed over")
		}
		if err := w.Permit(a.id, c.addr.Addr(), minute, false); err == nil {
			t.Error("a TCP allocation got a permission for datagrams")
		}
		w.CountTCP(a.id, 3, 4)
		w.CountTCP(a.id+1, 5, 6)
		want := fastpath.Traffic{ToPeerBytes: 3, ToClientBytes: 4}
		if got := w.Withdraw(a.id); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// stunRequest is a Binding request with a transaction id of its own.
func stunRequest(id byte) []byte {
	var b wire.Builder
	b.Request(wire.MethodBinding, [wire.TransactionIDSize]byte{id})
	return bytes.Clone(b.Bytes())
}

// wantFrames wants these frames next, in this order.
func (c *streamClient) wantFrames(frames ...[]byte) {
	c.t.Helper()
	for i, want := range frames {
		if got := c.receive(); !bytes.Equal(got, want) {
			c.t.Errorf("frame %d: got % x, want % x", i, got, want)
		}
	}
}

// wantStats waits for a state of the worker's counters.
func (f *fixture) wantStats(t *testing.T, reached func(fastpath.Stats) bool) {
	t.Helper()
	eventually(t, func() bool { return reached(f.worker.Stats()) })
	if s := f.worker.Stats(); !reached(s) {
		t.Errorf("got %+v", s)
	}
}

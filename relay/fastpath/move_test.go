package fastpath_test

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// An allocation that departs leaves nothing on its worker; another one publishes
// its socket with what peers sent meanwhile, and its counts go on.
func TestDepart(t *testing.T) {
	from, to := start(t, loopback4, fastpath.Config{}), start(t, loopback4, fastpath.Config{})
	old, fresh, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := from.publish(old.addr, loopback4)
	from.bind(a, 0x4001, peer.addr)
	old.send(from.server, channelData(0x4001, []byte("one")))
	peer.want(a.relayed, []byte("one"))

	var baggage fastpath.Baggage
	var err error
	from.on(func(w *fastpath.Worker) { baggage, err = w.Depart(a.id) })
	if err != nil {
		t.Fatal(err)
	}
	if got := baggage.Traffic(); got.ToPeerPackets != 1 || got.ToPeerBytes != 3 {
		t.Errorf("got traffic %+v, want one packet of 3 bytes", got)
	}
	eventually(t, func() bool {
		s := from.worker.Stats()
		return s.Allocations == 0 && s.Permissions == 0 && s.Channels == 0
	})
	from.on(func(w *fastpath.Worker) {
		if _, err := w.Depart(a.id); !errors.Is(err, fastpath.ErrNoAllocation) {
			t.Errorf("a second time: got %v, want %v", err, fastpath.ErrNoAllocation)
		}
	})
	old.send(from.server, channelData(0x4001, []byte("late")))
	from.wantDrops(fastpath.DropNoChannel, 1)
	peer.send(a.relayed, []byte("meanwhile"))

	moved := allocation{relay: baggage.Relay, relayed: a.relayed}
	to.on(func(w *fastpath.Worker) {
		moved.id, err = w.Publish(fastpath.Allocation{Client: fresh.addr, Listener: listenerID, Relay: baggage.Relay, Lifetime: minute, Moved: baggage})
		if err == nil {
			err = errors.Join(w.Permit(moved.id, peer.addr.Addr(), minute, false), w.Bind(moved.id, 0x4001, peer.addr, minute, false))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh.want(to.server, channelData(0x4001, []byte("meanwhile")))
	fresh.send(to.server, channelData(0x4001, []byte("two")))
	peer.want(a.relayed, []byte("two"))
	to.on(func(w *fastpath.Worker) {
		want := fastpath.Traffic{ToPeerPackets: 2, ToPeerBytes: 6, ToClientPackets: 1, ToClientBytes: 9}
		if got := w.Traffic(moved.id); got != want {
			t.Errorf("got traffic %+v, want %+v", got, want)
		}
	})
}

// arrivals collects what Config.Arrived is called with.
type arrivals struct {
	mu  sync.Mutex
	all []fastpath.Message
}

func (a *arrivals) add(_ *fastpath.Worker, m *fastpath.Message) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := *m
	kept.Data = bytes.Clone(m.Data)
	a.all = append(a.all, kept)
	return true
}

func (a *arrivals) get() []fastpath.Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

// Control code hears of data of whom it expects, and of nothing else; what it
// injects takes the way that it would have taken.
func TestExpectedClient(t *testing.T) {
	var came arrivals
	f := start(t, loopback4, fastpath.Config{Arrived: came.add})
	client, stranger, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	from := fastpath.Message{Client: client.addr, Server: f.server, Listener: listenerID}
	f.on(func(w *fastpath.Worker) { w.Expect(&from) })
	data := [][]byte{channelData(0x4001, []byte("a")), sendIndication(peer.addr, []byte("b")), channelData(0x4002, nil)}
	for _, b := range data {
		client.send(f.server, b)
		stranger.send(f.server, b)
	}
	client.send(f.server, []byte{0x40, 1, 0, 9})          // malformed
	client.send(f.server, bytes.Repeat([]byte{0xFF}, 20)) // of no protocol
	eventually(t, func() bool { return len(came.get()) == len(data) })
	for i, m := range came.get() {
		if m.Client != client.addr || m.Server != f.server || m.Listener != listenerID || !bytes.Equal(m.Data, data[i]) {
			t.Errorf("arrival %d: got % x of %s at %s, want % x of %s", i, m.Data, m.Client, m.Server, data[i], client.addr)
		}
	}
	f.wantDrops(fastpath.DropNoChannel, 2)
	f.wantDrops(fastpath.DropNoAllocation, 1)
	f.wantDrops(fastpath.DropMalformed, 1)

	f.on(func(w *fastpath.Worker) { w.Unexpect(&from) })
	client.send(f.server, data[0])
	f.wantDrops(fastpath.DropNoChannel, 3)

	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4001, peer.addr)
	f.on(func(w *fastpath.Worker) {
		for _, m := range came.get() {
			w.Inject(&m)
		}
	})
	peer.want(a.relayed, []byte("a"))
	peer.want(a.relayed, []byte("b"))
	f.wantDrops(fastpath.DropNoChannel, 4) // that of 0x4002
	if n := len(came.get()); n != len(data) {
		t.Errorf("got %d arrivals in the end, want %d", n, len(data))
	}
}

// A request is injected like data, and its answer leaves from the worker whose
// client it is.
func TestReplyVia(t *testing.T) {
	var request wire.Builder
	request.Request(wire.MethodRefresh, [wire.TransactionIDSize]byte{7})
	other := start(t, loopback4, fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			w.Reply(&batch[i], []byte("answer of another worker"))
		}
	}})
	f := start(t, loopback4, fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for _, m := range batch {
			m.Data, m.Via = bytes.Clone(m.Data), w
			if err := other.worker.Post(func(w *fastpath.Worker) { w.Reply(&m, []byte("answer of another worker")) }); err != nil {
				t.Error(err)
			}
		}
	}})
	client := newEndpoint(t, loopback4)
	client.send(f.server, request.Bytes())
	client.want(f.server, []byte("answer of another worker"))
	injected := fastpath.Message{Client: client.addr, Server: f.server, Listener: listenerID, Data: bytes.Clone(request.Bytes())}
	f.on(func(w *fastpath.Worker) { w.Inject(&injected) })
	client.want(f.server, []byte("answer of another worker"))
}

// A stream whose allocation stays when it is closed gives its place back with the
// allocation, and not before.
func TestPlaceOfAClosedStream(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	place := func(c *streamClient) uint32 { return uint32(c.id) }
	first := f.connect()
	a := f.publish(first.addr, loopback4, func(a *fastpath.Allocation) { a.Stream = first.id })
	first.conn.Close()
	eventually(t, func() bool { return f.worker.Stats().StreamsClosed[fastpath.CloseClient] == 1 })
	second := f.connect()
	if place(second) == place(first) {
		t.Errorf("got place %d again, and an allocation still has it", place(second))
	}
	var baggage fastpath.Baggage
	var err error
	f.on(func(w *fastpath.Worker) { baggage, err = w.Depart(a.id) })
	if err != nil {
		t.Fatal(err)
	}
	third := f.connect()
	if place(third) != place(first) {
		t.Errorf("got place %d, want %d, which is free", place(third), place(first))
	}
	peer := newEndpoint(t, loopback4)
	f.on(func(w *fastpath.Worker) {
		a.id, err = w.Publish(fastpath.Allocation{Client: third.addr, Stream: third.id, Relay: baggage.Relay, Lifetime: minute, Moved: baggage})
		if err == nil {
			err = errors.Join(w.Permit(a.id, peer.addr.Addr(), minute, false), w.Bind(a.id, 0x4001, peer.addr, minute, false))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	peer.send(a.relayed, []byte("ahoy"))
	if got, want := third.receive(), channelData(0x4001, []byte("ahoy")); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

// What has moved to a stream that ended on its way lives on without one, and keeps a
// place of its own until it is removed; what is new is refused.
func TestPublishToAClosedStream(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	client, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a, twin := f.publish(client.addr, loopback4), allocation{}
	gone := f.connect()
	f.on(func(w *fastpath.Worker) {
		if !w.HasStream(gone.id) || w.HasStream(0) || w.HasStream(gone.id+1<<32) {
			t.Error("HasStream: want true for the stream that is open, and no other")
		}
	})
	gone.conn.Close()
	eventually(t, func() bool { return f.worker.Stats().StreamsClosed[fastpath.CloseClient] == 1 })
	f.on(func(w *fastpath.Worker) {
		if w.HasStream(gone.id) {
			t.Error("HasStream: got true for a stream that is closed")
		}
		at := fastpath.Allocation{Client: gone.addr, Stream: gone.id, Lifetime: minute}
		at.Relay = listen(t, loopback4, udpbatch.Options{})
		defer at.Relay.Close()
		if _, err := w.Publish(at); !errors.Is(err, fastpath.ErrNoListener) {
			t.Errorf("a new one: got %v, want %v", err, fastpath.ErrNoListener)
		}
		baggage, err := w.Depart(a.id)
		if err != nil {
			t.Error(err)
		}
		at.Relay, at.Moved = baggage.Relay, baggage
		if a.id, err = w.Publish(at); err != nil {
			t.Errorf("one that has moved: %v", err)
		}
		if _, err = w.Publish(at); !errors.Is(err, fastpath.ErrExists) {
			t.Errorf("a second one: got %v, want %v", err, fastpath.ErrExists)
		}
		at.Relay, at.Twin = listen(t, loopback4, udpbatch.Options{}), a.id
		at.Moved = fastpath.Baggage{Relay: at.Relay}
		if twin.id, err = w.Publish(at); err != nil {
			t.Errorf("its twin: %v", err)
		}
	})
	f.permit(a, peer.addr.Addr())
	peer.send(a.relayed, []byte("to nobody"))
	f.wantDrops(fastpath.DropNoListener, 1)

	place := func(c *streamClient) uint32 { return uint32(c.id) }
	second := f.connect()
	f.on(func(w *fastpath.Worker) { w.Withdraw(a.id) })
	third := f.connect()
	if place(second) == place(gone) || place(third) == place(gone) {
		t.Errorf("got places %d and %d, and an allocation still has %d", place(second), place(third), place(gone))
	}
	f.on(func(w *fastpath.Worker) { w.Withdraw(twin.id) })
	if fourth := f.connect(); place(fourth) != place(gone) {
		t.Errorf("got place %d, want %d, which is free", place(fourth), place(gone))
	}
}

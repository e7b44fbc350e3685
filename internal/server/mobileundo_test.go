package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// hold keeps a worker from everything until release, with its inbox full from
// fill on.
type hold struct {
	t       *testing.T
	worker  *fastpath.Worker
	release func()
}

func (f *fixture) hold(t *testing.T, worker int) hold {
	t.Helper()
	w := f.engine.Workers()[worker]
	entered, release := make(chan struct{}), make(chan struct{})
	if err := w.Post(func(*fastpath.Worker) { close(entered); <-release }); err != nil {
		t.Fatal(err)
	}
	<-entered
	return hold{t, w, func() { close(release) }}
}

func (h hold) fill() {
	h.t.Helper()
	for range 1 << 20 {
		if h.worker.Post(func(*fastpath.Worker) {}) != nil {
			return
		}
	}
	h.t.Fatal("the inbox takes everything")
}

// A move to a worker that cannot take it is undone: the old five-tuple goes on,
// and data from the new one tries again.
func TestMoveToAFullWorker(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	fresh.resume(ticket)

	from := f.hold(t, 0)
	fresh.send(channelData(0x4001, []byte("call")))
	f.passWorker(t, 1) // it has called
	to := f.hold(t, 1)
	to.fill()
	from.release()
	f.toPeer(t, old, 0x4001, relayed)
	f.toClient(t, old, 0x4001, relayed)
	to.release()

	f.sendUntilReceived(t, fresh, channelData(0x4001, []byte("again")))
	f.toClient(t, fresh, 0x4001, relayed)
	f.wantMobiles(t, 1)
	fresh.wantCode(fresh.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

// An allocation whose old connection is over has no place to go back to: it waits
// until the worker can take it.
func TestMoveToAFullWorkerFromAConnectionThatEnded(t *testing.T) {
	f := start(t, withMobility, func(o *options) { o.takesTCP = true })
	old := dialTCP(t, f.addr, nil, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	home := relay.WorkerOf(old.addr(), f.options.workers)
	fresh := f.dialWorker(t, 1-home, "alice", "wonderland")
	fresh.resume(ticket)

	to := f.hold(t, 1-home)
	to.fill()
	f.closeAndWait(t, old)
	f.passWorker(t, home) // it has sent the allocation off
	to.release()
	f.wantMobiles(t, 1)
	f.toPeer(t, fresh, 0x4001, relayed)
	f.toClient(t, fresh, 0x4001, relayed)
	fresh.wantCode(fresh.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

// passWorker waits until a worker has served the packets that it has received.
func (f *fixture) passWorker(t *testing.T, worker int) {
	t.Helper()
	for range 2 { // the first may be called before the packet is read
		done := make(chan struct{})
		f.post(t, f.engine.Workers()[worker], func(*fastpath.Worker) { close(done) })
		<-done
	}
}

// post calls do on a worker, waiting while its inbox is full.
func (f *fixture) post(t *testing.T, w *fastpath.Worker, do func(*fastpath.Worker)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	if err := w.Deliver(ctx, do); err != nil {
		t.Fatalf("reach worker %d: %v", w.ID(), err)
	}
}

// sendUntilReceived sends a datagram again and again until the peer has it.
func (f *fixture) sendUntilReceived(t *testing.T, cl *client, b []byte) {
	t.Helper()
	buf := make([]byte, 100)
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); {
		cl.send(b)
		f.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, _, err := f.conn.ReadFromUDPAddrPort(buf); err == nil && string(buf[:n]) == string(b[4:]) {
			return
		}
	}
	t.Fatalf("the peer never got %q", b[4:])
}

// A request, or an answer, that finds an inbox full is lost like a datagram: the
// retransmission gets through, and everything is as if it had at once.
func TestResumeThroughFullInboxes(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	request := fresh.signed(stun.MethodRefresh, mobilityTicket(ticket))

	owner := f.hold(t, 0)
	owner.fill()
	fresh.send(request.Raw) // cannot be passed on
	f.passWorker(t, 1)
	owner.release()
	f.passWorker(t, 0)
	if got := f.server.Stats().Resumed; got != 0 {
		t.Errorf("through a full inbox: got %d resumed, want 0", got)
	}

	owner = f.hold(t, 0)
	fresh.send(request.Raw)
	f.passWorker(t, 1) // it has been passed on
	receiver := f.hold(t, 1)
	receiver.fill()
	owner.release()
	f.passWorker(t, 0) // and answered, in vain
	receiver.release()
	f.passWorker(t, 1) // the inbox is empty again
	if got := f.server.Stats().Resumed; got != 1 {
		t.Errorf("with an answer that was lost: got %d resumed, want 1", got)
	}
	f.toClient(t, old, 0x4001, relayed)
	fresh.wantCode(fresh.roundTrip(request), 0)
	f.toPeer(t, fresh, 0x4001, relayed)
	f.toClient(t, fresh, 0x4001, relayed)
	if s := f.server.Stats(); s.Resumed != 1 || s.Moved != 1 {
		t.Errorf("got %d resumed and %d moved, want 1 each", s.Resumed, s.Moved)
	}
}

// What waits for an allocation is bounded, and what does not fit is counted.
func TestWaitingIsBounded(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	fresh.resume(ticket)
	owner := f.hold(t, 0)
	const sent, kept = 100, 64
	for range sent {
		fresh.send(channelData(0x4001, []byte("ahoy")))
	}
	// Should the machine stand still for two ticks, what waits is dropped as well.
	for deadline := time.Now().Add(answerTimeout); f.drops(fastpath.DropNoChannel) < sent-kept; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d of %d dropped, want %d at least", f.drops(fastpath.DropNoChannel), sent, sent-kept)
		}
	}
	owner.release()
	f.wantMobiles(t, 1)
	fresh.send(channelData(0x4001, []byte("the end")))
	for n := 0; ; n++ {
		got, from := f.receiveFromRelay(t)
		if n > kept || from != relayed {
			t.Fatalf("got datagram %d from %s, want %d at most from %s", n, from, kept, relayed)
		}
		if string(got) == "the end" {
			return
		}
	}
}

// An arrival whose allocation is over is forgotten, even when nobody could say so.
func TestArrivalIsSwept(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	_, ticket := old.allocateMobile()
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	fresh.resume(ticket)
	receiver := f.hold(t, 1)
	receiver.fill()
	old.wantCode(old.do(stun.MethodRefresh, lifetime(0)), 0)
	receiver.release()
	f.wantMobiles(t, 0)
	fresh.allocate() // its five-tuple is free
}

package server_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// What is behind a ConnectionBind waits for its user alone, whatever else of the
// same connection a store is asked for.
func TestConnectionBindWaitsForItsOwnUser(t *testing.T) {
	f, store, cl, id, conn := connectedByStore(t)
	awaitFetches := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(answerTimeout); store.fetched() < want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("got %d look-ups, want %d", store.fetched(), want)
			}
		}
	}

	d := cl.dataClient(nil)
	other := *d
	other.username, other.nonce = "frank", ""
	other.challenge()
	other.send(other.signed(stun.MethodRefresh).Raw)
	awaitFetches(1)
	request, payload := d.signed(stun.MethodConnectionBind, connectionID(id)), bytes.Repeat([]byte{0xFF}, 8)
	d.send(append(bytes.Clone(request.Raw), payload...))
	awaitFetches(2)
	store.release <- struct{}{} // frank, who has waited longer
	other.wantCode(other.receive(), 437)
	f.onWorkers(t, func(int, *fastpath.Worker) {}) // a round, in which the rest could be looked at
	f.onWorkers(t, func(int, *fastpath.Worker) {})
	store.release <- struct{}{}
	data := d.bound(request)
	wantNext(t, conn, payload)
	wantFlow(t, conn, data, []byte("back"))
}

// Nobody sends a request again over TCP (RFC 8489 section 6.2.2): one that a store
// was asked for is not lost because its worker is behind at that moment.
func TestParkedRequestOfAStreamFindsAFullInbox(t *testing.T) {
	store := &slowStore{release: make(chan struct{}), known: map[string]authn.Key{}}
	f := start(t, func(o *options) { o.takesTCP, o.auth.Source = true, store })
	cl := dialTCP(t, f.addr, nil, "erin", "from the store")
	cl.send(cl.signed(stun.MethodRefresh).Raw)
	for deadline := time.Now().Add(answerTimeout); store.fetched() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the store is not asked")
		}
	}
	busy := f.hold(t, relay.WorkerOf(cl.addr(), f.options.workers))
	busy.fill()
	close(store.release)
	for deadline := time.Now().Add(answerTimeout); f.server.Stats().Parked.Replayed == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the store's answer is not heard")
		}
	}
	busy.release()
	cl.wantCode(cl.receive(), 437)
}

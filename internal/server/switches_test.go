package server_test

import (
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
)

// What is live ends when the server is told to relay for nobody, TURN requests get
// no answer from then on, and Binding requests do; all of it until the next reload.
func TestSTUNOnly(t *testing.T) {
	f := start(t)
	alice := dial(t, f.addr, "alice", "wonderland")
	alice.allocate()
	credentials := f.options.auth
	f.apply(t, func(o *options) {
		o.settings.STUNOnly = true
		o.auth = authn.Config{Realm: credentials.Realm, Nobody: true}
	})
	if got := f.server.Stats().Ended["revoked"]; got != 1 {
		t.Errorf("got %d allocations ended as revoked, want 1", got)
	}
	f.wantNothingHeld(t)
	ignored := f.server.Stats().Ignored
	methods := []stun.Method{stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind, stun.MethodConnect, stun.MethodConnectionBind}
	for _, method := range methods {
		alice.expectSilence(alice.signed(method, requestedTransport(17)).Raw)
		alice.expectSilence(message(method, requestedTransport(17)).Raw)
	}
	if got := f.server.Stats().Ignored - ignored; got != 2*uint64(len(methods)) {
		t.Errorf("got %d messages counted as ignored, want %d", got, 2*len(methods))
	}
	f.apply(t, func(o *options) {
		o.settings.STUNOnly = false
		o.auth = credentials
	})
	dial(t, f.addr, "alice", "wonderland").allocate()
}

// Without Binding requests TURN is served as ever.
func TestNoBinding(t *testing.T) {
	f := start(t, func(o *options) { o.settings.NoBinding = true })
	alice := dial(t, f.addr, "alice", "wonderland")
	alice.send(message(stun.MethodBinding).Raw)
	alice.send(message(stun.MethodBinding, raw(0x7FF0)).Raw) // not even an error
	alice.allocate()
	if got := f.server.Stats(); got.Ignored != 2 || got.Requests["Binding"] != 2 {
		t.Errorf("got %d ignored of %d Binding requests, want 2 of 2", got.Ignored, got.Requests["Binding"])
	}
	f.apply(t, func(o *options) { o.settings.NoBinding = false })
	alice.wantCode(alice.roundTrip(message(stun.MethodBinding)), 0)
}

package server_test

import (
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// A reload that denies a peer stops its traffic, and only its.
func TestReloadCutsDeniedPeers(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	relayed := cl.allocate()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	f.sendToRelay(t, relayed, []byte("before"))
	if got := string(cl.receiveRaw()[4:]); got != "before" {
		t.Fatalf("got %q, want the datagram through the channel", got)
	}

	f.apply(t, func(o *options) { o.settings.DenyPeers = []allocation.Rule{rule(t, "127.0.0.0/8")} })
	f.sendToRelay(t, relayed, []byte("denied"))
	cl.send(channelData(0x4000, []byte("denied")))
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 403)

	f.apply(t, func(o *options) { o.settings.DenyPeers = nil })
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	f.sendToRelay(t, relayed, []byte("after"))
	if got := string(cl.receiveRaw()[4:]); got != "after" {
		t.Errorf("got %q, want nothing but what came after the rule was lifted", got)
	}
	cl.send(channelData(0x4000, []byte("after")))
	if got, _ := f.receiveFromRelay(t); string(got) != "after" {
		t.Errorf("peer got %q, want nothing but what came after the rule was lifted", got)
	}
}

// A user or a secret that is taken away takes its allocations along; a user
// who stays keeps his.
func TestReloadEndsRevokedAllocations(t *testing.T) {
	f := start(t)
	username := "4102444800:carol" // the year 2100
	alice := dial(t, f.addr, "alice", "wonderland")
	bob := dial(t, f.addr, "bob", "builder")
	carol := dial(t, f.addr, username, restPassword("first secret", username))
	dave := dial(t, f.addr, username, restPassword("second secret", username))
	for _, cl := range []*client{alice, bob, carol, dave} {
		cl.allocate()
	}
	f.apply(t, func(o *options) {
		o.auth.Users = []authn.User{{Name: "alice", Password: "changed"}, {Name: "bob", Password: "builder"}}
		o.auth.Secrets = o.auth.Secrets[1:]
	})
	alice.password = "changed"
	alice.wantCode(alice.do(stun.MethodRefresh), 437)
	bob.wantCode(bob.do(stun.MethodRefresh), 0)
	carol.wantCode(carol.do(stun.MethodRefresh), 401)
	dave.wantCode(dave.do(stun.MethodRefresh), 0)
	if got := f.server.Stats().Ended["revoked"]; got != 2 {
		t.Errorf("got %d allocations ended as revoked, want 2", got)
	}
	for _, cl := range []*client{bob, dave} {
		cl.do(stun.MethodRefresh, lifetime(0))
	}
	f.wantNothingHeld(t)
}

// A secret that becomes another tenant's takes the allocations of the tenant before
// along: they have its quota and its peer rules.
func TestReloadGivesSecretToAnotherTenant(t *testing.T) {
	f := start(t)
	username := "4102444800:carol"
	carol := dial(t, f.addr, username, restPassword("first secret", username))
	dave := dial(t, f.addr, username, restPassword("second secret", username))
	carol.allocate()
	dave.allocate()
	f.apply(t, func(o *options) {
		o.auth.Secrets = []authn.Secret{{Name: "one", Value: "first secret", Tenant: "acme"}, o.auth.Secrets[1]}
		o.settings.Tenants = []server.Tenant{{Realm: "example.org", Name: "acme", DenyPeers: []allocation.Rule{rule(t, "127.0.0.0/8")}}}
	})
	carol.wantCode(carol.do(stun.MethodRefresh), 437)
	carol.allocate()
	carol.wantCode(carol.do(stun.MethodCreatePermission, peer(f.peer)), 403)
	dave.wantCode(dave.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	if got := f.server.Stats().Ended["revoked"]; got != 1 {
		t.Errorf("got %d allocations ended as revoked, want 1", got)
	}
}

// New limits count for live allocations: bandwidth at once, numbers at the
// next Allocate.
func TestReloadChangesLimits(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	f.apply(t, func(o *options) {
		o.settings.Quota = quota.Limits{UserAllocations: 1, AllocationToPeerBitsPerSecond: 8}
	})
	second := dial(t, f.addr, "alice", "wonderland")
	second.wantCode(second.do(stun.MethodAllocate, requestedTransport(17)), 486)

	// A full bucket admits one datagram of any size; the others are too much.
	for range 4 {
		cl.send(channelData(0x4000, make([]byte, 1200)))
	}
	f.receiveFromRelay(t)
	f.wantDrops(t, fastpath.DropRateToPeer, 3)
}

package server_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/server"
)

// withSecondRealm adds a listener whose clients get the realm example.net, and
// returns where its address will stand.
func withSecondRealm(t *testing.T, allow []allocation.Rule) (change func(*options), second *netip.AddrPort) {
	t.Helper()
	second = new(freeAddress(t, "127.0.0.1:0"))
	return func(o *options) {
		o.listenAlso = []netip.AddrPort{*second}
		o.settings.Realms = []server.Realm{{
			Authenticator: authenticator(t, authn.Config{
				Realm:   "example.net",
				Users:   []authn.User{{Name: "alice", Password: "looking glass"}},
				Secrets: []authn.Secret{{Name: "net", Value: "third secret", Tenant: "acme"}},
			}),
			Listeners:  []netip.AddrPort{*second},
			AllowPeers: allow,
		}}
	}, second
}

// Each listener challenges with its realm, whose users are no others'.
func TestRealmByListener(t *testing.T) {
	change, second := withSecondRealm(t, nil)
	f := start(t, change)
	for _, test := range []struct {
		name, password, realm string
		at                    netip.AddrPort
		code                  int
	}{
		{"own user", "wonderland", "example.org", f.addr, 0},
		{"own user of the other realm", "looking glass", "example.net", *second, 0},
		{"user of the other realm", "looking glass", "example.org", f.addr, 401},
		{"user of the main realm", "wonderland", "example.net", *second, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			cl := dial(t, test.at, "alice", test.password)
			cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), test.code)
			if cl.realm != test.realm {
				t.Errorf("got realm %q, want %q", cl.realm, test.realm)
			}
		})
	}
}

// A nonce that one realm gave out is stale in another, even for the same client
// address and with the right realm and password beside it.
func TestNonceOfAnotherRealmIsStale(t *testing.T) {
	change, second := withSecondRealm(t, nil)
	f := start(t, change)
	cl := dial(t, f.addr, "alice", "looking glass")
	cl.challenge()
	nonce := cl.nonce
	own := cl.addr()
	cl.conn.Close()
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(own), net.UDPAddrFromAddrPort(*second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	other := &client{t: t, conn: conn, server: *second, username: "alice", password: "looking glass"}
	other.challenge()
	fresh := other.nonce
	other.nonce = nonce
	other.wantCode(other.do(stun.MethodAllocate, requestedTransport(17)), 438)
	other.nonce = fresh
	other.wantCode(other.do(stun.MethodAllocate, requestedTransport(17)), 0)
}

// Realm and tenant have peer rules of their own, for requests and, when only
// the port decides, for each datagram; a reload changes them for what is live.
func TestPeerRulesOfRealmAndTenant(t *testing.T) {
	change, second := withSecondRealm(t, nil)
	username := "4102444800:carol"
	f := start(t, func(o *options) {
		change(o)
		o.settings.Tenants = []server.Tenant{{
			Realm: "example.net", Name: "acme",
			DenyPeers: []allocation.Rule{rule(t, "127.0.0.1 port 1-1023")},
		}}
	})
	alice := dial(t, *second, "alice", "looking glass")
	carol := dial(t, *second, username, restPassword("third secret", username))
	for _, cl := range []*client{alice, carol} {
		cl.allocate()
	}
	low := netip.MustParseAddrPort("127.0.0.1:1000")
	alice.wantCode(alice.do(stun.MethodChannelBind, channelNumber(0x4000), peer(low)), 0)
	carol.wantCode(carol.do(stun.MethodChannelBind, channelNumber(0x4000), peer(low)), 403)
	carol.wantCode(carol.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	carol.send(channelData(0x4001, []byte("high port")))
	if got, _ := f.receiveFromRelay(t); string(got) != "high port" {
		t.Errorf("got %q, want the datagram to the port that the tenant may reach", got)
	}

	f.apply(t, func(o *options) {
		o.settings.Realms[0].DenyPeers = []allocation.Rule{rule(t, "127.0.0.0/8")}
	})
	carol.send(channelData(0x4001, []byte("denied")))
	carol.wantCode(carol.do(stun.MethodCreatePermission, peer(f.peer)), 403)
	alice.wantCode(alice.do(stun.MethodCreatePermission, peer(f.peer)), 403)
	main := dial(t, f.addr, "alice", "wonderland")
	main.allocate()
	main.wantCode(main.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	main.send(channelData(0x4000, []byte("main")))
	if got, _ := f.receiveFromRelay(t); string(got) != "main" {
		t.Errorf("got %q, want only what the main realm sent", got)
	}
	want := map[server.TenantStats]bool{
		{Realm: "example.org", Live: 1, Created: 1}:                 true,
		{Realm: "example.net", Live: 1, Created: 1}:                 true,
		{Realm: "example.net", Tenant: "acme", Live: 1, Created: 1}: true,
	}
	for _, got := range f.server.Stats().Tenants {
		if !want[got] {
			t.Errorf("got tenant %+v, want one of %v", got, want)
		}
		delete(want, got)
	}
	if len(want) > 0 {
		t.Errorf("got no counts for %v", want)
	}
}

// A realm that a reload takes away takes its allocations along.
func TestReloadEndsTheAllocationsOfARemovedRealm(t *testing.T) {
	change, second := withSecondRealm(t, nil)
	f := start(t, change)
	gone, stays := dial(t, *second, "alice", "looking glass"), dial(t, f.addr, "alice", "wonderland")
	gone.allocate()
	stays.allocate()
	f.apply(t, func(o *options) { o.settings.Realms = nil })
	if got := f.server.Stats().Ended["revoked"]; got != 1 {
		t.Errorf("got %d allocations ended as revoked, want 1", got)
	}
	gone.wantCode(gone.do(stun.MethodRefresh), 438)
	stays.wantCode(stays.do(stun.MethodRefresh), 0)
}

// A certain listener comes before the wildcard, and a server name before both.
func TestRealmOfListenerAndServerName(t *testing.T) {
	named := func(name string) *authn.Authenticator {
		return authenticator(t, authn.Config{Realm: name, Anonymous: true})
	}
	f := start(t, func(o *options) {
		o.settings.Realms = []server.Realm{
			{Authenticator: named("wildcard"), Listeners: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:5349"), netip.MustParseAddrPort("[::]:5349")}},
			{Authenticator: named("exact"), Listeners: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5349")}},
			{Authenticator: named("by name"), ServerNames: []string{"turn.example.net"}},
		}
	})
	for _, test := range []struct{ listener, serverName, want string }{
		{"192.0.2.1:3478", "", "example.org"},
		{"192.0.2.2:5349", "", "wildcard"},
		{"[2001:db8::1]:5349", "", "wildcard"},
		{"192.0.2.1:5349", "", "exact"},
		{"192.0.2.1:5349", "turn.example.net", "by name"},
		{"192.0.2.1:5349", "unknown.example", "exact"},
	} {
		if got := f.server.RealmOf(netip.MustParseAddrPort(test.listener), test.serverName); got != test.want {
			t.Errorf("%s %q: got realm %q, want %q", test.listener, test.serverName, got, test.want)
		}
	}
}

package server_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/server"
)

var (
	alternate4 = netip.MustParseAddrPort("192.0.2.7:3478")
	alternate6 = netip.MustParseAddrPort("[2001:db8::7]:3478")
)

// alternates gives the server these others, for UDP.
func alternates(addrs ...netip.AddrPort) func(*options) {
	return func(o *options) {
		o.alternate = func(transport allocation.Transport, isIPv4 bool, fits func(string) bool) (server.Alternate, bool) {
			i := slices.IndexFunc(addrs, func(a netip.AddrPort) bool { return a.Addr().Is4() == isIPv4 })
			if i < 0 || transport != allocation.TransportUDP || !fits("") {
				return server.Alternate{}, false
			}
			return server.Alternate{Address: addrs[i]}, true
		}
	}
}

// alternateServers reads every ALTERNATE-SERVER in order.
func alternateServers(t *testing.T, m *stun.Message) []netip.AddrPort {
	t.Helper()
	var list []netip.AddrPort
	for _, attr := range m.Attributes {
		if attr.Type != stun.AttrAlternateServer {
			continue
		}
		one := &stun.Message{Attributes: stun.Attributes{attr}}
		list = append(list, plainAddr(t, one, stun.AttrAlternateServer))
	}
	return list
}

// From the threshold on, a client learns of the other servers, its own family
// first, in an answer with integrity (which client.do checks).
func TestRedirectWhenFull(t *testing.T) {
	limits := map[string]func(*options){
		"threshold": func(o *options) { o.settings.RedirectAbove = 2 },
		"quota":     func(o *options) { o.settings.Quota.ServerAllocations = 2 },
	}
	for name, limit := range limits {
		for listen, want := range map[string][]netip.AddrPort{
			"127.0.0.1:0": {alternate4, alternate6}, "[::1]:0": {alternate6, alternate4},
		} {
			t.Run(name+" "+listen, func(t *testing.T) {
				f := start(t, func(o *options) { o.listen = listen }, limit, alternates(alternate4, alternate6))
				first, second, third := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "bob", "builder"), dial(t, f.addr, "alice", "wonderland")
				first.allocate()
				second.allocate()
				answer := third.do(stun.MethodAllocate, requestedTransport(17))
				third.wantCode(answer, 300)
				if got := alternateServers(t, answer); !slices.Equal(got, want) {
					t.Errorf("got alternate servers %v, want %v", got, want)
				}
				// Who is in goes on, and frees a place.
				first.wantCode(first.do(stun.MethodRefresh, lifetime(600)), 0)
				second.wantCode(second.do(stun.MethodRefresh, lifetime(0)), 0)
				third.allocate()
				first.wantCode(first.do(stun.MethodRefresh, lifetime(0)), 0)
				third.wantCode(third.do(stun.MethodRefresh, lifetime(0)), 0)
				f.wantNothingHeld(t)
			})
		}
	}
}

// A client of TLS learns of a server with another name only if it signs with
// SHA-256; the address of the other family is one of the same server.
func TestRedirectToAnotherDomain(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	servers := []server.Alternate{
		{Address: alternate4, Domain: "turn2.example.org"}, {Address: alternate6, Domain: "turn3.example.org"},
		{Address: netip.MustParseAddrPort("[2001:db8::2]:5349"), Domain: "turn2.example.org"},
	}
	f := start(t, func(o *options) {
		o.takesTCP, o.streams.TLS = true, serverTLS
		o.alternate = func(transport allocation.Transport, isIPv4 bool, fits func(string) bool) (server.Alternate, bool) {
			for _, s := range servers {
				if transport == allocation.TransportTLS && s.Address.Addr().Is4() == isIPv4 && fits(s.Domain) {
					return s, true
				}
			}
			return server.Alternate{}, false
		}
	})
	f.server.SetDraining(true)

	old := dialTCP(t, f.addr, clientTLS, "alice", "wonderland")
	old.wantCode(old.do(stun.MethodAllocate, requestedTransport(17)), 508)

	c := &modern{client: dialTCP(t, f.addr, clientTLS, "alice", "wonderland")}
	c.accept(c.roundTrip(message(stun.MethodAllocate, requestedTransport(17))))
	answer := c.do(stun.MethodAllocate, requestedTransport(17))
	c.wantCode(answer, 300)
	if got, want := alternateServers(t, answer), []netip.AddrPort{alternate4, servers[2].Address}; !slices.Equal(got, want) {
		t.Errorf("got alternate servers %v, want %v", got, want)
	}
	if got := text(answer, attrAlternateDomain); got != "turn2.example.org" {
		t.Errorf("got ALTERNATE-DOMAIN %q, want turn2.example.org", got)
	}
}

// A stranger is challenged, a wrong password is one, and an anonymous client is
// never sent away: no answer without integrity names another server.
func TestRedirectNeedsIntegrity(t *testing.T) {
	f := start(t, alternates(alternate4))
	f.server.SetDraining(true)
	for name, password := range map[string]string{"no credentials": "", "wrong password": "wrong"} {
		c := dial(t, f.addr, "alice", password)
		request := message(stun.MethodAllocate, requestedTransport(17))
		if password != "" {
			request = c.signed(stun.MethodAllocate, requestedTransport(17))
		}
		answer := c.roundTrip(request)
		c.wantCode(answer, 401)
		if got := alternateServers(t, answer); len(got) > 0 {
			t.Errorf("%s: got alternate servers %v, want none", name, got)
		}
	}
	anonymous := start(t, alternates(alternate4), func(o *options) { o.auth.Anonymous = true })
	anonymous.server.SetDraining(true)
	c := dial(t, anonymous.addr, "", "")
	c.wantCode(c.roundTrip(message(stun.MethodAllocate, requestedTransport(17))), 508)
}

// While it drains, a server takes no new allocation and serves those it has;
// draining can be called off.
func TestDraining(t *testing.T) {
	tests := map[string]struct {
		others []netip.AddrPort
		want   int
	}{
		"no other server":        {nil, 508},
		"only of another family": {[]netip.AddrPort{alternate6}, 508},
		"another server":         {[]netip.AddrPort{alternate4}, 300},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := start(t, alternates(test.others...))
			before, later := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "bob", "builder")
			before.allocate()
			f.server.SetDraining(true)
			later.wantCode(later.do(stun.MethodAllocate, requestedTransport(17)), test.want)
			before.wantCode(before.do(stun.MethodRefresh, lifetime(600)), 0)
			before.wantCode(before.do(stun.MethodCreatePermission, peer(f.peer)), 0)
			later.wantCode(later.roundTrip(message(stun.MethodBinding)), 0)
			if got := f.server.Live(); got != 1 {
				t.Errorf("got %d live allocations, want 1", got)
			}
			f.server.SetDraining(false)
			later.allocate()
		})
	}
}

// Without another server, a threshold refuses nobody: the quota does.
func TestFullWithoutAlternates(t *testing.T) {
	f := start(t, alternates(), func(o *options) {
		o.settings.RedirectAbove = 1
		o.settings.Quota.ServerAllocations = 2
	})
	for _, want := range []int{0, 0, 486} {
		c := dial(t, f.addr, "alice", "wonderland")
		c.wantCode(c.do(stun.MethodAllocate, requestedTransport(17)), want)
	}
}

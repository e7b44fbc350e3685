package server_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/server"

	"go.uber.org/zap"
)

// host is a host whose addresses the test decides.
type host struct {
	mu      sync.Mutex
	addrs   []netip.Addr
	wasRead func() // when set, called once after the addresses were read
}

func (h *host) all() []netip.Addr {
	h.mu.Lock()
	addrs, wasRead := slices.Clone(h.addrs), h.wasRead
	h.wasRead = nil
	h.mu.Unlock()
	if wasRead != nil {
		wasRead()
	}
	return addrs
}

func (h *host) contains(addr netip.Addr) bool { return slices.Contains(h.all(), addr) }

func (h *host) add(addr netip.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addrs = append(h.addrs, addr)
}

// newOnHost prepares a server on a host.
func newOnHost(t *testing.T, h *host, settings server.Settings) *server.Server {
	t.Helper()
	s, err := server.New(server.Config{
		Workers:        1,
		Settings:       settings,
		Nonces:         authn.NewNonces(nil, 0),
		Limiter:        authn.NewLimiter(0, 0),
		RelayAddresses: []server.RelayAddress{{Local: h.all()[0], External: netip.MustParseAddr("198.51.100.5")}},
		MinPort:        49152,
		MaxPort:        65535,
		Buckets:        bucket.NewArray(1),
		LocalAddresses: h.all,
		IsLocalAddress: h.contains,
		Log:            zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// openPeers allows every peer but the own listeners.
func openPeers(t *testing.T) server.Settings {
	return server.Settings{
		Authenticator: authenticator(t, authn.Config{Realm: "example.org", Anonymous: true}),
		AllowPeers:    []allocation.Rule{rule(t, "0.0.0.0/0"), rule(t, "::/0")},
		Protected: []netip.AddrPort{
			netip.MustParseAddrPort("0.0.0.0:3478"), netip.MustParseAddrPort("[::]:3478"), netip.MustParseAddrPort("127.0.0.1:9641"),
		},
	}
}

// A listener on an unspecified address is protected on every address of the
// host, also on one that comes later, and by its external address.
func TestOwnListenersAreProtectedEverywhere(t *testing.T) {
	lan, late := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.6")
	h := &host{addrs: []netip.Addr{lan}}
	s := newOnHost(t, h, openPeers(t))
	check := func(peer string, want bool) {
		t.Helper()
		if got := s.PeerAllowed(netip.MustParseAddrPort(peer)); got != want {
			t.Errorf("%s: got allowed %t, want %t", peer, got, want)
		}
	}
	check("10.0.0.5:3478", false)
	check("198.51.100.5:3478", false)
	check("127.0.0.2:3478", false)
	check("[::1]:3478", false)
	check("127.0.0.1:9641", false)
	check("10.0.0.5:3479", true)
	check("10.0.0.6:3478", true) // somebody else's, so far

	h.add(late)
	s.AddressesChanged()
	check("10.0.0.6:3478", false)
	check("10.0.0.6:3479", true)
}

// A reload that has read the addresses of the host before they changed does not
// bring back the protection of then.
func TestReloadWhileAddressesChange(t *testing.T) {
	h := &host{addrs: []netip.Addr{netip.MustParseAddr("10.0.0.5")}}
	s := newOnHost(t, h, openPeers(t))
	h.mu.Lock()
	h.wasRead = func() {
		h.add(netip.MustParseAddr("10.0.0.6"))
		s.AddressesChanged()
	}
	h.mu.Unlock()
	next := openPeers(t)
	next.Protected = next.Protected[:1] // the addresses are read for each
	next.DenyPeers = []allocation.Rule{rule(t, "10.0.0.7")}
	if err := s.Apply(t.Context(), next, nil); err != nil {
		t.Fatal(err)
	}
	for peer, want := range map[string]bool{"10.0.0.6:3478": false, "10.0.0.6:3479": true, "10.0.0.7:3479": false} {
		if got := s.PeerAllowed(netip.MustParseAddrPort(peer)); got != want {
			t.Errorf("%s: got allowed %t, want %t", peer, got, want)
		}
	}
}

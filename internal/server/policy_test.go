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
	mu    sync.Mutex
	addrs []netip.Addr
}

func (h *host) all() []netip.Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.addrs)
}

func (h *host) contains(addr netip.Addr) bool { return slices.Contains(h.all(), addr) }

func (h *host) add(addr netip.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addrs = append(h.addrs, addr)
}

// A listener on an unspecified address is protected on every address of the
// host, also on one that comes later, and by its external address.
func TestOwnListenersAreProtectedEverywhere(t *testing.T) {
	lan, late := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.6")
	h := &host{addrs: []netip.Addr{lan}}
	s, err := server.New(server.Config{
		Workers: 1,
		Settings: server.Settings{
			Authenticator: authenticator(t, authn.Config{Realm: "example.org", Anonymous: true}),
			AllowPeers:    []allocation.Rule{rule(t, "0.0.0.0/0"), rule(t, "::/0")},
			Protected: []netip.AddrPort{
				netip.MustParseAddrPort("0.0.0.0:3478"), netip.MustParseAddrPort("[::]:3478"), netip.MustParseAddrPort("127.0.0.1:9641"),
			},
		},
		Nonces:         authn.NewNonces(nil, 0),
		Limiter:        authn.NewLimiter(0, 0),
		RelayAddresses: []server.RelayAddress{{Local: lan, External: netip.MustParseAddr("198.51.100.5")}},
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

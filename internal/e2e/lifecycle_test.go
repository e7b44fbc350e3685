//go:build e2e

package e2e

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestRefusesToStart starts servers that must not run and wants an explanation.
func TestRefusesToStart(t *testing.T) {
	n := testnet.New(t)
	n.Relay.ListenUDP(t, netip.MustParseAddrPort("10.1.0.1:5000"))
	tests := map[string]struct {
		change func(*config)
		want   []string // all of them said
	}{
		"no credentials": {
			func(c *config) { c.Auth.Users, c.Auth.Secrets = nil, nil },
			[]string{"auth.users", "auth.secrets"},
		},
		"several mistakes": {
			func(c *config) {
				c.Peers.Allow = []string{"10.0.0.0/8", "10.0.0.0/33"}
				c.Relay.MinPort, c.Relay.MaxPort = 50_000, 40_000
				c.Log.Level = "loud"
			},
			[]string{"peers.allow[1]", "10.0.0.0/33", "relay.max_port", "log.level", "loud"},
		},
		"an address in use": {
			func(c *config) { c.Listeners[0].Address = "10.1.0.1:5000" },
			[]string{"10.1.0.1:5000", "address already in use"},
		},
		"an address of somebody else": {
			func(c *config) { c.Listeners[0].Address = "10.200.0.1:3478" },
			[]string{"10.200.0.1:3478", "cannot assign requested address"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newConfig()
			tt.change(&c)
			p := testnet.Start(t, fairlead(t, n.Relay, "serve", "--config", c.writeFile(t)))
			if code := p.Wait(t, patience); code == 0 {
				t.Errorf("exit code: got 0, want another")
			}
			for _, want := range tt.want {
				if !strings.Contains(p.Stderr(), want) {
					t.Errorf("explanation: got no %q in %q", want, p.Stderr())
				}
			}
		})
	}
}

// TestStop ends a server in the middle of its work.
func TestStop(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	startFlow(t, newClientV4(t, n), peer.Addr).advance(t)
	s.Stop(t)
	s.checkLog(t)
}

// TestMonitoring looks at an allocation while it lives.
func TestMonitoring(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body, err := s.get(path); err != nil || status != http.StatusOK {
			t.Errorf("GET %s: got status %d (%q, error %v), want 200", path, status, body, err)
		}
	}
	want := func(name string, value float64, labels ...string) {
		t.Helper()
		// A worker adds its counts up when its batch is done.
		testnet.Await(t, patience, func() bool { return s.metric(t, name, labels...) == value }, "%s%s is %v", name, labels, value)
	}
	want("fairlead_allocations", 0)

	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	c := newClientV4(t, n)
	c.allocate(t)
	c.bind(t, 0x4000, peer.Addr)
	exchange(t, c, ways[1], peer.Addr, [][]byte{make([]byte, 100), make([]byte, 23)})

	want("fairlead_allocations", 1)
	want("fairlead_permissions", 1)
	want("fairlead_channels", 1)
	want("fairlead_users", 1)
	want("fairlead_relay_ports", 1, testnet.RelayV4.String(), `state="used"`)
	want("fairlead_relayed_packets_total", 2, `direction="to_peer"`)
	want("fairlead_relayed_packets_total", 2, `direction="to_client"`)
	want("fairlead_relayed_bytes_total", 123, `direction="to_peer"`)
	want("fairlead_relayed_bytes_total", 123, `direction="to_client"`)
	want("fairlead_error_responses_total", 1, `code="401"`)

	c.free(t)
	want("fairlead_allocations", 0)
	want("fairlead_relay_ports", 0, `state="used"`)
	s.check(t)
}

// TestLifetimesEnd wants short-lived state to end by itself, and no earlier.
func TestLifetimesEnd(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{
		"default_lifetime": "2s", "max_lifetime": "15s",
		"permission_lifetime": "3s", "channel_lifetime": "12s", "channel_bind_permission_lifetime": "3s",
	}
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	bound, permitted := newClientV4(t, n), newClientV4(t, n)
	start := time.Now()
	bound.allocate(t, lifetimeOf(time.Hour)) // both get the maximum
	permitted.allocate(t, lifetimeOf(time.Hour))
	// Both permissions last three seconds, although the channel lasts longer.
	permitted.permit(t, testnet.PeerV4)
	bound.bind(t, 0x4000, peer.Addr)
	exchange(t, bound, ways[1], peer.Addr, [][]byte{[]byte("ahoy")})
	exchange(t, permitted, ways[0], peer.Addr, [][]byte{[]byte("ahoy")})

	isCutOff := func(c *client) bool {
		_, ok := c.receive(t, silence/2)
		return !ok
	}
	testnet.Await(t, patience, func() bool {
		bound.sendChannel(t, 0x4000, []byte("still there?"))
		permitted.send(t, peer.Addr, []byte("still there?"))
		boundIs, permittedIs := isCutOff(bound), isCutOff(permitted)
		return boundIs && permittedIs
	}, "permissions have expired")
	if age := time.Since(start); age < 3*time.Second || s.metric(t, "fairlead_channels") != 1 {
		t.Errorf("permissions of 3 s: got an end after %s, want it between 3 s and the end of the channel", age)
	}

	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "both allocations have expired")
	if age := time.Since(start); age < 14*time.Second {
		t.Errorf("allocation with the maximum lifetime of 15 s: got an end after %s", age)
	}
	if code := permitted.refresh(t, time.Minute); code != 437 {
		t.Errorf("Refresh of an expired allocation: got error %d, want 437", code)
	}
	s.check(t)
}

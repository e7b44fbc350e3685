//go:build e2e

package e2e

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestAlternateServer sends clients from a full server to another one, which
// coturn's client follows, and then empties the full one by SIGTERM.
func TestAlternateServer(t *testing.T) {
	n := testnet.New(t)
	n.Relay.IP(t, "addr add 10.1.0.77/24 dev clients")
	startEchoPeer(t, n)

	wide := map[string]any{"wide_channel_numbers": true}
	other := newConfig()
	otherAddr := netip.MustParseAddrPort("10.1.0.77:3478")
	other.Listeners = []listener{{Address: otherAddr.String(), Transport: "udp"}}
	other.Allocation = wide
	other.Monitoring.Address = "off"
	second := testnet.Start(t, fairlead(t, n.Relay, "serve", "--config", other.writeFile(t)))

	c := newConfig()
	c.Allocation = wide
	c.Quota["server_allocations"] = 1
	c.Drain = map[string]any{"timeout": "1h"}
	c.Alternates = map[string]any{"servers": []listener{{Address: otherAddr.String(), Transport: "udp"}}}
	s := startServer(t, n, c)
	testnet.Await(t, patience, func() bool { return len(s.logLines("alternate server answers")) > 0 }, "the other server is known to answer")

	live := newClientV4(t, n)
	live.allocate(t)
	if code := newClientV4(t, n).tryAllocate(t); code != 300 {
		t.Errorf("Allocate at the full server: got code %d, want 300", code)
	}
	r := uclient(t, n, serverV4, "-u", alice.Name, "-w", alice.Password, "-n", "20", "-c", "-X", "-e", testnet.PeerV4.String())
	if missing := r.complete(20); missing != "" {
		t.Errorf("%s\n%s", missing, r.output)
	}

	s.Signal(t, syscall.SIGTERM)
	testnet.Await(t, patience, func() bool { return !s.ready() }, "the draining server is not ready")
	live.permit(t, testnet.PeerV4) // what is live is served
	if code := newClientV4(t, n).tryAllocate(t); code != 300 {
		t.Errorf("Allocate at the draining server: got code %d, want 300", code)
	}
	second.Stop(t)
	testnet.Await(t, patience, func() bool { return newClientV4(t, n).tryAllocate(t) == 508 }, "the server that is gone is not named any more")
	live.free(t)
	if code := s.Wait(t, patience); code != 0 {
		t.Errorf("got exit code %d after the last allocation, want 0", code)
	}
	s.checkLog(t)
}

// TestSecondSignal stops a draining server at once.
func TestSecondSignal(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Drain = map[string]any{"timeout": "1h", "delay": "30m"}
	s := startServer(t, n, c)
	newClientV4(t, n).allocate(t)
	s.Signal(t, syscall.SIGTERM)
	testnet.Await(t, patience, func() bool { return len(s.logLines("draining")) > 0 }, "the server drains")
	newClientV4(t, n).allocate(t) // during the delay
	s.Stop(t)
	s.checkLog(t)
}

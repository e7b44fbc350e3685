//go:build e2e

package e2e

import (
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestUsedBytesSurviveARestart: a user who has used the bytes of the period up gets
// nothing from the next start of the server either, and others what they have left.
func TestUsedBytesSurviveARestart(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Quota["user_bytes"] = 100_000
	c.Quota["usage_period"] = "8760h" // which does not end while the test runs
	state := "FAIRLEAD_STATE_DIR=" + t.TempDir()
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	use := func(u user, packets int) (code int) {
		t.Helper()
		cl := newClient(t, n.Clients, testnet.ClientV4, serverV4, u)
		if code := cl.tryAllocate(t); code != 0 {
			return code
		}
		cl.bind(t, 0x4000, peer.Addr)
		for range packets {
			cl.sendChannel(t, 0x4000, make([]byte, 1000))
			if _, ok := cl.receive(t, silence); !ok {
				return 0 // it ended
			}
		}
		return cl.refresh(t, 0)
	}
	s := startServer(t, n, c, "env", state)
	testnet.Await(t, patience, func() bool { return use(alice, 60) == 486 }, "alice has used everything up")
	if code := use(bob, 1); code != 0 {
		t.Errorf("bob: got error %d, want success", code)
	}
	s.Stop(t)
	s = startServer(t, n, c, "env", state)
	if code := use(alice, 0); code != 486 {
		t.Errorf("alice after a restart: got error %d, want 486", code)
	}
	if code := use(bob, 1); code != 0 {
		t.Errorf("bob after a restart: got error %d, want success", code)
	}
	s.check(t)
}

//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestBan: the client of coturn relays from an address that is banned meanwhile, and
// again from one that a reload denies. That ends it at once and for good, over a restart
// too; a flow from another address loses nothing.
func TestBan(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true}
	crook := netip.MustParseAddr("10.64.6.6")
	dir := t.TempDir()
	command := []string{"env", "FAIRLEAD_STATE_DIR=" + dir, fmt.Sprintf("FAIRLEAD_ADMIN_ADDRESS=unix:%s/admin.sock", dir)}
	s := startServer(t, n, c, command...)
	ctl := func(args ...string) string {
		t.Helper()
		cmd := s.command(t, append([]string{"ctl", "--config", s.configPath}, args...)...)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("fairlead ctl %v: %v", args, err)
		}
		return out.String()
	}
	startEchoPeer(t, n)
	honest := startFlow(t, newClientV4(t, n), n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0)).Addr)
	relayFromCrook := func() {
		t.Helper()
		before := s.metric(t, "fairlead_allocations")
		testnet.Start(t, n.Clients.Command(t.Context(), "turnutils_uclient", "-L", crook.String(), "-p", "3478",
			"-u", bob.Name, "-w", bob.Password, "-c", "-m", "3", "-n", "100000", "-X", "-e", testnet.PeerV4.String(), serverV4.Addr().String()))
		testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") >= before+3 }, "coturn's client relays")
	}
	wantEnded := func() {
		t.Helper()
		if got := s.metric(t, "fairlead_allocations_ended_total", `cause="denied"`); got < 3 {
			t.Errorf("allocations ended as denied: got %v, want those of coturn's client", got)
		}
		testnet.Await(t, time.Second, func() bool { return s.metric(t, "fairlead_allocations") == 1 }, "only the other client has an allocation")
		honest.advance(t)
	}
	wantSilence := func(cause string) {
		t.Helper()
		turnedAway := func() float64 { return s.metric(t, "fairlead_clients_turned_away_total", `cause="`+cause+`"`) }
		before := turnedAway()
		cl := newClient(t, n.Clients, crook, serverV4, bob)
		for _, method := range []stun.Method{stun.MethodBinding, stun.MethodAllocate} {
			request, err := cl.build(method, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cl.conn.WriteToUDPAddrPort(request.Raw, serverV4); err != nil {
				t.Fatal(err)
			}
		}
		testnet.Await(t, patience, func() bool { return turnedAway() >= before+2 }, "requests of the client are dropped as %s", cause)
		if answer, err := cl.await([stun.TransactionIDSize]byte{}, 100*time.Millisecond); answer != nil || err != nil {
			t.Errorf("%s: got %v, %v, want no answer", cause, answer, err)
		}
	}

	relayFromCrook()
	honest.advance(t)
	ctl("ban", "10.64.6.0/24", "--for", "10m")
	wantEnded()
	wantSilence("banned")
	if got := s.metric(t, "fairlead_bans"); got != 1 {
		t.Errorf("got %v bans, want 1", got)
	}
	honest.stop(t)
	s.check(t)
	s.Stop(t)

	s = startServer(t, n, c, command...)
	if list := ctl("bans"); !strings.Contains(list, "10.64.6.0/24") {
		t.Errorf("after a restart: got bans %q, want the one that was made", list)
	}
	wantSilence("banned")
	ctl("unban", "10.64.6.0/24")
	honest = startFlow(t, newClientV4(t, n), n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0)).Addr)
	relayFromCrook()
	c.Clients = map[string]any{"deny": []string{"10.64.0.0/16"}}
	s.reload(t, c)
	wantEnded()
	wantSilence("denied")
	s.check(t)
	s.Stop(t)
}

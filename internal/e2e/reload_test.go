//go:build e2e

package e2e

import (
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestReload changes everything that a reload may change below two live flows,
// of which not one packet may be lost.
func TestReload(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	flows := []*flow{
		startFlow(t, newClientV4(t, n), peer.Addr),
		startFlow(t, newClient(t, n.Clients, testnet.ClientV6, serverV6, alice), n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV6, 0)).Addr),
	}
	goOn := func() {
		t.Helper()
		for _, f := range flows {
			f.advance(t)
		}
	}
	goOn()

	t.Run("a new user and a new secret", func(t *testing.T) {
		dave := user{Name: "dave", Password: "a password of dave"}
		erin := restCredential("another secret", "erin", time.Now().Add(time.Hour))
		for _, u := range []user{dave, erin} {
			if code := newClient(t, n.Clients, testnet.ClientV4, serverV4, u).tryAllocate(t); code != 401 {
				t.Fatalf("Allocate of %s before the reload: got error %d, want 401", u.Name, code)
			}
		}
		c.Auth.Users = append(c.Auth.Users, dave)
		c.Auth.Secrets = append(c.Auth.Secrets, secret{Value: "another secret"})
		s.reload(t, c)
		for _, u := range []user{dave, erin} {
			client := newClient(t, n.Clients, testnet.ClientV4, serverV4, u)
			client.allocate(t)
			client.free(t)
		}
	})
	goOn()

	t.Run("a peer that is denied now", func(t *testing.T) {
		bad := n.Peers.Echo(t, netip.MustParseAddrPort("10.3.0.9:0"))
		good := n.Peers.Echo(t, netip.MustParseAddrPort("10.3.0.10:0"))
		client := newClientV4(t, n)
		client.allocate(t)
		client.bind(t, 0x4000, bad.Addr)
		client.permit(t, bad.Addr.Addr(), good.Addr.Addr())
		exchange(t, client, ways[1], bad.Addr, [][]byte{[]byte("ahoy")})
		exchange(t, client, ways[0], good.Addr, [][]byte{[]byte("ahoy")})
		received := bad.Received()

		c.Peers.Deny = []string{"10.3.0.9/32"}
		s.reload(t, c)
		client.send(t, bad.Addr, []byte("denied"))
		client.sendChannel(t, 0x4000, []byte("denied"))
		// What is sent after it arrives, so it would have arrived too.
		exchange(t, client, ways[0], good.Addr, [][]byte{[]byte("ahoy")})
		if got := bad.Received() - received; got != 0 {
			t.Errorf("data to a denied peer: got %d packets there, want none", got)
		}
		if code := client.tryPermit(t, bad.Addr.Addr()); code != 403 {
			t.Errorf("CreatePermission for a denied peer: got error %d, want 403", code)
		}
		client.free(t)
	})
	goOn()

	t.Run("a user and a secret that are gone", func(t *testing.T) {
		carol := restCredential(testSecret, "carol", time.Now().Add(time.Hour))
		var clients []*client
		for _, u := range []user{bob, carol} {
			client := newClient(t, n.Clients, testnet.ClientV4, serverV4, u)
			client.allocate(t)
			client.permit(t, peer.Addr.Addr())
			exchange(t, client, ways[0], peer.Addr, [][]byte{[]byte("ahoy")})
			clients = append(clients, client)
		}
		before := s.metric(t, "fairlead_allocations")
		c.Auth.Users = c.Auth.Users[:1] // alice
		c.Auth.Secrets = c.Auth.Secrets[1:]
		s.reload(t, c)
		testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == before-2 }, "their allocations have ended")
		for _, client := range clients {
			client.send(t, peer.Addr, []byte("revoked"))
			if data, ok := client.receive(t, silence/4); ok {
				t.Errorf("data of %s: got %q back, want nothing", client.user.Name, data.payload)
			}
			if code := client.refresh(t, time.Minute); code != 401 {
				t.Errorf("Refresh by %s: got error %d, want 401", client.user.Name, code)
			}
		}
	})
	goOn()

	t.Run("a quota", func(t *testing.T) {
		c.Quota = unlimited()
		c.Quota["user_allocations"] = 3
		s.reload(t, c)
		third, fourth := newClientV4(t, n), newClientV4(t, n)
		third.allocate(t)
		if code := fourth.tryAllocate(t); code != 486 {
			t.Errorf("Allocate number 4 of 3: got error %d, want 486", code)
		}
		third.free(t)
		fourth.allocate(t)
		fourth.free(t)
	})
	goOn()

	t.Run("the log level", func(t *testing.T) {
		c.Log.Level = "debug"
		s.reload(t, c)
		client := newClientV4(t, n)
		client.allocate(t)
		client.free(t)
		testnet.Await(t, patience, func() bool { return len(s.logLines(`"level":"debug"`)) > 0 }, "the log has debug lines")
		c.Log.Level = "info"
		s.reload(t, c)
	})
	goOn()

	t.Run("an invalid file", func(t *testing.T) {
		broken := c
		broken.Auth.Users = nil
		broken.Peers.Deny = []string{"10.2.0.2/32", "not an address"}
		broken.overwrite(t, s.configPath)
		s.Signal(t, syscall.SIGHUP)
		testnet.Await(t, patience, func() bool {
			lines := s.logLines(logNotReloaded)
			return len(lines) == 1 && strings.Contains(lines[0], "peers.deny[1]") && strings.Contains(lines[0], "not an address")
		}, "the log says what is wrong with the new configuration")
		if err := os.WriteFile(s.configPath, []byte("listeners: [\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Signal(t, syscall.SIGHUP)
		testnet.Await(t, patience, func() bool { return len(s.logLines(logNotReloaded)) == 2 }, "the log says that the file is no YAML")
		client := newClientV4(t, n)
		client.allocate(t)
		client.permit(t, peer.Addr.Addr())
		client.free(t)
	})
	goOn()

	for _, f := range flows {
		f.stop(t)
	}
	s.check(t)
	s.Stop(t)
}

//go:build e2e

package e2e

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestStores stops and starts real databases below live flows: nobody but the
// users of a database that is down may notice, and even those go on while they
// are remembered.
func TestStores(t *testing.T) {
	n := testnet.New(t)
	databases := []*database{newPostgreSQL(t, n.Relay), newMariaDB(t, n.Relay), newRedis(t, n.Relay)}
	c := newConfig()
	c.Auth.Stores = stores(databases)
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	as := func(u user) *client { return newClient(t, n.Clients, testnet.ClientV4, serverV4, u) }

	flows := []*flow{startFlow(t, newClientV4(t, n), peer.Addr)}
	for _, d := range databases {
		if code := as(d.user()).tryAllocate(t); code != 0 {
			t.Fatalf("user of %s: got error %d, want success", d.name, code)
		}
		flows = append(flows, startFlow(t, as(d.user()), peer.Addr),
			startFlow(t, as(restCredential(d.secret(), d.name+"-id", time.Now().Add(time.Hour))), peer.Addr))
		if code := as(user{Name: d.user().Name, Password: "wrong"}).tryAllocate(t); code != 401 {
			t.Errorf("wrong password for %s: got error %d, want 401", d.name, code)
		}
	}
	for _, name := range []string{`'; DROP TABLE turnusers_lt; --`, `%`, `*`, `a/user/b`, "a\r\nSET x y", `" OR ""="`} {
		if code := as(user{Name: name, Password: "x"}).tryAllocate(t); code != 401 {
			t.Errorf("hostile name %q: got error %d, want 401", name, code)
		}
	}
	goOn := func() {
		t.Helper()
		for _, f := range flows {
			f.advance(t)
		}
	}
	goOn()
	for i, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			d.down(t)
			stranger := as(user{Name: d.name + "-late", Password: "a password"})
			if answer, err := stranger.request(stun.MethodAllocate, transportUDP); !errors.Is(err, errNoAnswer) {
				t.Errorf("a user that only %s could know: got %v, %v, want no answer", d.name, answer, err)
			}
			testnet.Await(t, patience, func() bool { return s.shows(storeUp(d.name, d.config["type"], 0)) }, "the metric says that %s is down", d.name)
			for _, u := range []user{alice, databases[(i+1)%3].user(), databases[(i+2)%3].user(), d.user()} {
				began := time.Now()
				client := as(u)
				client.allocate(t)
				client.free(t)
				if took := time.Since(began); took > patience {
					t.Errorf("%s while %s is down: got in after %v", u.Name, d.name, took)
				}
			}
			goOn()
			d.up(t)
			d.fill(t, stranger.user)
			testnet.Await(t, patience, func() bool { return s.shows(storeUp(d.name, d.config["type"], 1)) }, "the metric says that %s is back", d.name)
			stranger.allocate(t)
			goOn()
			testnet.Await(t, patience, func() bool { return len(s.logLines(`"store":"`+d.name+`"`)) >= 2 }, "the log tells of %s", d.name)
			if down, back := len(s.logLines(`"store":"`+d.name+`"`)), 2; down != back {
				t.Errorf("log lines about %s: got %d, want one when it went down and one when it came back: %q", d.name, down, s.logLines(d.name))
			}
		})
	}
	t.Run("back-ends are no peers", func(t *testing.T) {
		client := newClientV4(t, n)
		client.allocate(t)
		for _, port := range []uint16{5432, 3306, 6379} {
			if code := client.tryBind(t, 0x4000, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)); code != 403 {
				t.Errorf("channel to 127.0.0.1:%d: got error %d, want 403", port, code)
			}
		}
	})
	_, scrape, err := s.get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"db-password", "a password", "a shared secret", "a-shared-secret"}
	for _, d := range databases {
		key := md5.Sum([]byte(d.user().Name + ":" + testRealm + ":" + d.user().Password))
		secrets = append(secrets, hex.EncodeToString(key[:]))
	}
	for _, text := range secrets {
		if strings.Contains(s.Output()+scrape, text) {
			t.Errorf("%q shows in the log or the metrics", text)
		}
	}
	s.check(t)
}

// shows reports whether a scrape has the line.
func (s *server) shows(line string) bool {
	_, scrape, err := s.get("/metrics")
	return err == nil && strings.Contains(scrape, line)
}

//go:build e2e

package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestRealmsByServerName: on one port the server name that a TLS client asks for
// chooses its realm, with users and a store of its own. When the store of one
// realm is down, the other realm goes on with its own.
func TestRealmsByServerName(t *testing.T) {
	n := testnet.New(t)
	redis, mariaDB := newRedis(t, n.Relay), newMariaDB(t, n.Relay)
	c := newConfig()
	c.Auth.Stores = stores([]*database{redis, mariaDB})
	c.Auth.Stores[0]["realms"] = []string{"partners.test"}
	c.Auth.Stores[0]["tenant"] = "acme"
	c.Auth.Stores[1]["realms"] = []string{testRealm}
	c.Quota["overrides"] = []map[string]any{{"realm": "partners.test", "tenant": "acme", "tenant_allocations": 1}}
	s, secure := startStreamServer(t, n, c,
		`REALMS=[{name: "partners.test", server_names: ["partners.turn.test"], users: [{name: "alice", password: "another password of alice"}]}]`,
		`TENANTS=[{name: "acme", realm: "partners.test", deny_peers: ["`+testnet.PeerV4.String()+`"]}]`)
	partner := secure.Clone()
	partner.ServerName = "partners.turn.test"
	partner.InsecureSkipVerify = true // the certificate is for the other name

	tests := map[string]struct {
		secure *tls.Config
		user   user
		realm  string
		code   int
	}{
		"name of the realm":         {partner, user{"alice", "another password of alice"}, "partners.test", 0},
		"user of the main realm":    {partner, alice, "partners.test", 401},
		"another name":              {secure, alice, testRealm, 0},
		"user of the other realm":   {secure, user{"alice", "another password of alice"}, testRealm, 401},
		"no TLS":                    {nil, alice, testRealm, 0},
		"store of the main realm":   {secure, mariaDB.user(), testRealm, 0},
		"store of another realm":    {partner, mariaDB.user(), "partners.test", 401},
		"secret of the main realm":  {secure, restCredential(testSecret, "gina", time.Now().Add(time.Hour)), testRealm, 0},
		"secret in the other realm": {partner, restCredential(testSecret, "gina", time.Now().Add(time.Hour)), "partners.test", 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cl := newStreamClient(t, n.Clients, serverV4, tt.secure)
			cl.credentials.user = tt.user
			if got := errorCode(cl.ask(t, stun.MethodAllocate, transportUDP)); got != tt.code {
				t.Errorf("got error %d, want %d", got, tt.code)
			}
			if cl.credentials.realm != tt.realm {
				t.Errorf("got realm %q, want %q", cl.credentials.realm, tt.realm)
			}
		})
	}
	t.Run("tenant of a store", func(t *testing.T) {
		redis.fillRealm(t, "partners.test", redis.user())
		cl := newStreamClient(t, n.Clients, serverV4, partner)
		cl.credentials.user = redis.user()
		if got := errorCode(cl.ask(t, stun.MethodAllocate, transportUDP)); got != 0 {
			t.Fatalf("got error %d, want success", got)
		}
		if got := errorCode(cl.ask(t, stun.MethodCreatePermission, peerAddress(netip.AddrPortFrom(testnet.PeerV4, 0)))); got != 403 {
			t.Errorf("a peer that the tenant may not reach: got error %d, want 403", got)
		}
		if got := s.metric(t, "fairlead_tenant_allocations", `realm="partners.test"`, `tenant="acme"`); got != 1 {
			t.Errorf("allocations of the tenant: got %v, want 1", got)
		}
		second := newStreamClient(t, n.Clients, serverV4, partner)
		second.credentials.user = redis.user()
		if got := errorCode(second.ask(t, stun.MethodAllocate, transportUDP)); got != 486 {
			t.Errorf("one allocation more than the tenant may have: got error %d, want 486", got)
		}
	})
	t.Run("store down", func(t *testing.T) {
		redis.down(t)
		lost := newStreamClient(t, n.Clients, serverV4, partner)
		lost.credentials.user = user{"unknown yet", "a password"}
		if answer, err := lost.try(t, stun.MethodAllocate, transportUDP); err == nil {
			t.Errorf("a user that only the store could know: got %s, want no answer", answer)
		}
		for name, tt := range map[string]struct {
			secure *tls.Config
			user   user
			code   int
		}{
			"static user of its realm":                    {partner, user{"alice", "another password of alice"}, 0},
			"user of the other realm's store":             {secure, mariaDB.user(), 0},
			"name that the other realm's store knows not": {secure, user{"unknown yet", "a password"}, 401},
		} {
			cl := newStreamClient(t, n.Clients, serverV4, tt.secure)
			cl.credentials.user = tt.user
			if got := errorCode(cl.ask(t, stun.MethodAllocate, transportUDP)); got != tt.code {
				t.Errorf("%s: got error %d, want %d", name, got, tt.code)
			}
		}
		redis.up(t)
	})
	s.check(t)
}

// try is ask for an answer that may not come, within a while.
func (c *streamClient) try(t testing.TB, method stun.Method, attributes ...stun.Setter) (*stun.Message, error) {
	t.Helper()
	for range 2 {
		request, err := c.credentials.build(method, c.credentials.nonce != "", attributes)
		if err != nil {
			t.Fatal(err)
		}
		c.write(t, request.Raw)
		answer, _, err := c.read(2 * silence)
		if err != nil {
			return nil, err
		}
		if answer == nil || errorCode(answer) != 401 || c.credentials.nonce != "" {
			return answer, nil
		}
		if err := c.credentials.adopt(answer); err != nil {
			return nil, fmt.Errorf("read the challenge: %w", err)
		}
	}
	return nil, errors.New("challenged again")
}

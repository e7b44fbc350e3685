package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
)

const realms = `
listeners:
  - {address: "0.0.0.0:3478", transport: udp}
  - {address: "0.0.0.0:3479", transport: udp}
auth:
  realm: "example.org"
  clock_skew: 2s
  anonymous: true
  secrets: [{name: "one", value: "0123456789abcdef", tenant: "acme"}]
realms:
  - name: "example.net"
    listeners: ["0.0.0.0:3479"]
    users: [{name: "bob", key: "00112233445566778899aabbccddeeff"}]
    secrets: [{name: "two", value_file: "two.secret", tenant: "acme"}]
    allow_peers: ["10.0.0.0/8"]
tenants:
  - {name: "acme", deny_peers: ["10.1.0.0/16"]}
  - {name: "acme", realm: "example.net"}
`

// A realm has users of its own and the rest of auth, but never anonymous ones.
func TestRealmAuthnConfig(t *testing.T) {
	name := file(t, realms)
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), "two.secret"), []byte("fedcba9876543210\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, warnings, err := config.Load(config.Options{File: name})
	if err != nil {
		t.Fatal(err)
	}
	key, err := authn.ParseKey("00112233445566778899aabbccddeeff")
	if err != nil {
		t.Fatal(err)
	}
	want := authn.Config{
		Realm:            "example.net",
		Users:            []authn.User{{Name: "bob", Key: key}},
		Secrets:          []authn.Secret{{Name: "two", Value: "fedcba9876543210", Tenant: "acme"}},
		ClockSkew:        2e9,
		SecurityFeatures: true,
	}
	if diff := cmp.Diff(want, c.RealmAuthnConfig(c.Realms[0]), comparableKeys); diff != "" {
		t.Errorf("authn differs (-want +got):\n%s", diff)
	}
	main, _ := c.RealmOf("")
	for realm, want := range map[string][]netip.AddrPort{
		"example.org": {netip.MustParseAddrPort("0.0.0.0:3478")},
		"example.net": {netip.MustParseAddrPort("0.0.0.0:3479")},
	} {
		found, ok := c.RealmOf(realm)
		if diff := cmp.Diff(want, c.ListenersOf(found), cmpopts.EquateComparable(netip.AddrPort{})); !ok || diff != "" {
			t.Errorf("listeners of %s differ (-want +got):\n%s", realm, diff)
		}
	}
	if got := c.RealmName(c.Tenants[0]); got != main.Name {
		t.Errorf("got realm %q for a tenant that names none, want %q", got, main.Name)
	}
	var about []string
	for _, w := range warnings {
		about = append(about, w.Path)
	}
	if diff := cmp.Diff([]string{"realms[0].allow_peers[0]", "auth.anonymous"}, about, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("warnings differ (-want +got):\n%s", diff)
	}
}

func TestMistakesInRealms(t *testing.T) {
	_, _, err := config.Load(config.Options{File: file(t, `
listeners: [{address: "0.0.0.0:3478", transport: udp}, {address: "0.0.0.0:3479", transport: udp}]
auth: {realm: "example.org", secrets: [{value: "0123456789abcdef", tenant: "a b"}]}
realms:
  - {name: "example.org", listeners: ["0.0.0.0:3479"], secrets: [{value: "x"}]}
  - {name: "a\"b", listeners: ["0.0.0.0:3479", "0.0.0.0:1"], users: [{name: "alice"}]}
  - {name: "empty"}
tenants:
  - {name: "other"}
  - {name: "acme", realm: "unknown"}
  - {name: "twice", deny_peers: ["nonsense"]}
  - {name: "twice"}
`)})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"auth.secrets[0].tenant", "realms[0].name", "realms[1].name", "realms[1].users[0]: has neither a password nor a key",
		"realms[1].listeners[0]", "realms[1].listeners[1]", "realms[2]: ", "realms[2].listeners: ",
		"tenants[0].name", "tenants[1].realm", "tenants[2].deny_peers[0]", "tenants[3].name",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got no problem %q in\n%v", want, err)
		}
	}
}

const serverNames = `
listeners:
  - {address: "0.0.0.0:3478", transport: udp}
  - {address: "0.0.0.0:5349", transport: tls}
tls: {certificates: [{certificate_file: "a.crt", key_file: "a.key"}]}
public_host: "TURN.example.net"
auth:
  realm: "example.org"
  stores: [{name: "main", type: sqlite, realms: ["example.org"]}, {name: "net", type: jwt, secret: "s", realms: ["Example.net"], tenant: "acme"}]
realms:
  - name: "Example.net"
    server_names: ["Turn.Example.Net.", "turn2.example.net"]
tenants:
  - {name: "acme", realm: "Example.net"}
`

// A realm can do with server names and a store, and needs neither a listener nor
// users in the file.
func TestRealmOfServerNamesAndStores(t *testing.T) {
	c, warnings, err := config.Load(config.Options{File: file(t, serverNames)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"turn.example.net", "turn2.example.net"}, c.Realms[0].CanonicalServerNames()); diff != "" {
		t.Errorf("server names differ (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		store int
		realm string
		want  bool
	}{{0, "example.org", true}, {0, "Example.net", false}, {1, "Example.net", true}, {1, "example.org", false}} {
		if got := c.Auth.Stores[test.store].Serves(test.realm); got != test.want {
			t.Errorf("store %d serves %s: got %v, want %v", test.store, test.realm, got, test.want)
		}
	}
	cache := c.Auth.Stores[1].Cache()
	if diff := cmp.Diff([]string{"Example.net"}, cache.Realms); diff != "" || cache.Tenant != "acme" {
		t.Errorf("got tenant %q, realms differ (-want +got):\n%s", cache.Tenant, diff)
	}
	var about []string
	for _, w := range warnings {
		about = append(about, w.Path)
	}
	if diff := cmp.Diff([]string{"public_host"}, about); diff != "" {
		t.Errorf("warnings differ (-want +got):\n%s", diff)
	}
}

func TestMistakesInServerNamesAndScopesOfStores(t *testing.T) {
	_, _, err := config.Load(config.Options{File: file(t, `
listeners: [{address: "0.0.0.0:3478", transport: udp}]
auth:
  realm: "example.org"
  stores:
    - {name: "a", type: jwt, secret: "s", realms: ["example.com", "nowhere", "", "example.com"], tenant: "a b"}
realms:
  - {name: "example.com", server_names: ["*.example.com", "192.0.2.1", "turn.example.com", "TURN.example.com."]}
  - {name: "example.net", server_names: ["turn.example.com"], secrets: [{value: "0123456789abcdef"}]}
  - {name: "example.edu", server_names: ["turn.example.edu"]}
`)})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"auth: ", "auth.stores[0].realms[1]", "auth.stores[0].realms[2]", "auth.stores[0].realms[3]", "auth.stores[0].tenant",
		"realms[0].server_names: ", "realms[0].server_names[0]", "realms[0].server_names[1]", "realms[0].server_names[3]",
		"realms[1].server_names[0]", "stands in realms[0].server_names[2] already", "realms[2]: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got no problem %q in\n%v", want, err)
		}
	}
}

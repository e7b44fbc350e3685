//go:build e2e || soak

package e2e

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// config is the part of the server's configuration that tests set. It is
// written as JSON, which every YAML reader takes; what is empty is left out.
type config struct {
	Listeners  []listener     `json:"listeners"`
	Workers    int            `json:"workers,omitempty"`
	Sockets    map[string]any `json:"sockets,omitempty"`
	TLS        map[string]any `json:"tls,omitempty"`
	Streams    map[string]any `json:"streams,omitempty"`
	Relay      relay          `json:"relay"`
	TCPRelay   map[string]any `json:"tcp_relay,omitempty"`
	Allocation map[string]any `json:"allocation,omitempty"`
	Auth       auth           `json:"auth"`
	Clients    map[string]any `json:"clients,omitempty"`
	Peers      peers          `json:"peers"`
	Quota      map[string]any `json:"quota,omitempty"`
	Events     map[string]any `json:"events,omitempty"`
	Monitoring monitoring     `json:"monitoring"`
	Log        logging        `json:"log"`
	Discovery  map[string]any `json:"nat_discovery,omitempty"`
	Alternates map[string]any `json:"alternates,omitempty"`
	Drain      map[string]any `json:"drain,omitempty"`
}

type listener struct {
	Address   string `json:"address"`
	Transport string `json:"transport"`

	ProxyProtocol  bool     `json:"proxy_protocol,omitempty"`
	TrustedProxies []string `json:"trusted_proxies,omitempty"`

	PassTo          string   `json:"pass_to,omitempty"`
	PassServerNames []string `json:"pass_server_names,omitempty"`
}

type relay struct {
	Addresses []relayAddress `json:"addresses"`
	MinPort   int            `json:"min_port,omitempty"`
	MaxPort   int            `json:"max_port,omitempty"`
}

type relayAddress struct {
	Address         string `json:"address"`
	ExternalAddress string `json:"external_address,omitempty"`
}

type auth struct {
	Realm   string   `json:"realm"`
	Users   []user   `json:"users,omitempty"`
	Secrets []secret `json:"secrets,omitempty"`

	NonceKey string           `json:"nonce_key,omitempty"`
	Stores   []map[string]any `json:"stores,omitempty"`
	OAuth    map[string]any   `json:"oauth,omitempty"`

	UnauthenticatedAnswersPerSecond int `json:"unauthenticated_answers_per_second,omitempty"`
}

type user struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

type secret struct {
	Value string `json:"value"`
}

type peers struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

type monitoring struct {
	Address string `json:"address"`
}

type logging struct {
	Level  string `json:"level,omitempty"`
	Format string `json:"format,omitempty"`
}

// Who may relay in the configuration of newConfig.
const (
	testRealm  = "relay.test"
	testSecret = "a shared secret of the tests"
)

var (
	alice = user{Name: "alice", Password: "a password of alice"}
	bob   = user{Name: "bob", Password: "a password of bob"}
)

// Where the server of newConfig listens.
var (
	serverV4       = netip.AddrPortFrom(testnet.ServerV4, 3478)
	serverV6       = netip.AddrPortFrom(testnet.ServerV6, 3478)
	monitoringAddr = netip.MustParseAddrPort("127.0.0.1:9641")
)

// newConfig is a server on the relay of a testnet.Net that may send to every
// host of that network. Nothing in it limits a test by accident: quotas have
// tests of their own.
func newConfig() config {
	return config{
		Listeners: []listener{
			{Address: serverV4.String(), Transport: "udp"},
			{Address: serverV6.String(), Transport: "udp"},
		},
		Workers: 2,
		Relay: relay{Addresses: []relayAddress{
			{Address: testnet.RelayV4.String()},
			{Address: testnet.RelayV6.String()},
		}},
		Auth: auth{
			Realm:                           testRealm,
			Users:                           []user{alice, bob},
			Secrets:                         []secret{{Value: testSecret}},
			UnauthenticatedAnswersPerSecond: 1_000_000,
		},
		Peers:      peers{Allow: []string{"10.0.0.0/8", "fd00::/8"}},
		Quota:      unlimited(),
		Monitoring: monitoring{Address: monitoringAddr.String()},
		Log:        logging{Level: "info", Format: "json"},
	}
}

// unlimited switches every quota off.
func unlimited() map[string]any {
	return map[string]any{
		"user_allocations":                        0,
		"user_allocations_per_second":             0,
		"client_allocations":                      0,
		"client_allocations_per_second":           0,
		"server_allocations":                      0,
		"allocation_to_peer_bits_per_second":      0,
		"allocation_to_client_bits_per_second":    0,
		"allocation_to_peer_packets_per_second":   0,
		"allocation_to_client_packets_per_second": 0,
		"allocation_new_peers_per_second":         0,
		"allocation_tcp_connections":              0,
	}
}

// writeFile writes the configuration to a file of the test.
func (c config) writeFile(t testing.TB) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fairlead.yaml")
	c.overwrite(t, path)
	return path
}

// overwrite puts the configuration into an existing file.
func (c config) overwrite(t testing.TB, path string) {
	t.Helper()
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		t.Fatalf("encode the configuration: %v", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatalf("write the configuration: %v", err)
	}
	known.addConfig(t, path, nil)
}

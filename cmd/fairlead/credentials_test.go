package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
)

// load returns the development profile with changes.
func load(t *testing.T, set ...string) *config.Config {
	t.Helper()
	cfg, _, err := config.Load(config.Options{Base: config.Dev(), Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestCredentialIsAccepted closes the circle: what is printed is what the
// server's own configuration lets in, until it expires.
func TestCredentialIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := load(t)
		authenticator, err := authn.New(cfg.AuthnConfig())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printCredentials(&out, cfg); err != nil {
			t.Fatal(err)
		}
		var printed struct {
			ICEServers []struct {
				URLs                 []string
				Username, Credential string
			}
		}
		if err := json.Unmarshal(out.Bytes(), &printed); err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("got %q, want one line", out.String())
		}
		server := printed.ICEServers[0]
		if len(server.URLs) == 0 {
			t.Error("got no URL")
		}
		key, err := authn.LongTermKey(server.Username, cfg.Auth.Realm, server.Credential)
		if err != nil {
			t.Fatal(err)
		}
		verify := func() authn.Status {
			_, status := authenticator.Verify(server.Username, authn.PurposeAllocate, func(k authn.Key) bool { return k.MD5 == key.MD5 })
			return status
		}
		if got := verify(); got != authn.Found {
			t.Errorf("the credential is %s, want it found", got)
		}
		time.Sleep(defaultTimeToLive + 2*time.Second)
		if got := verify(); got != authn.Expired {
			t.Errorf("a day later the credential is %s, want it expired", got)
		}
	})
}

func TestIssueRefusesWhatTheServerWould(t *testing.T) {
	cfg := load(t)
	for _, user := range []string{"line\nbreak", strings.Repeat("x", 509)} {
		realm, _ := cfg.RealmOf("")
		if _, err := issue(cfg, realm, credentialRequest{user: user, timeToLive: time.Hour}); err == nil {
			t.Errorf("user %q: got no error", user)
		}
	}
}

func TestReachable(t *testing.T) {
	local := []netip.Addr{
		netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("169.254.1.1"),
		netip.MustParseAddr("::1"), netip.MustParseAddr("2001:db8::5"), netip.MustParseAddr("fe80::1"),
	}
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	for _, test := range []struct {
		name  string
		local []netip.Addr
		set   []string
		want  []string
	}{
		{"wildcards", local, nil, []string{"10.0.0.5:3478", "[2001:db8::5]:3478"}},
		{"wildcards of a host without network", loopback, nil, []string{"127.0.0.1:3478", "[::1]:3478"}},
		{"one family", local, []string{`listeners=[{address: "0.0.0.0:5000", transport: udp}]`}, []string{"10.0.0.5:5000"}},
		{"certain address", local, []string{`listeners=[{address: "127.0.0.1:3478", transport: udp}]`}, []string{"127.0.0.1:3478"}},
		{"behind a NAT", local, []string{`relay.addresses=[{address: "10.0.0.5", external_address: "192.0.2.1"}]`}, []string{"192.0.2.1:3478", "[2001:db8::5]:3478"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			cfg := load(t, test.set...)
			realm, _ := cfg.RealmOf("")
			for _, addr := range reachable(cfg, serving(cfg, realm, config.Listener.IsUDP), test.local) {
				got = append(got, addr.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("addresses differ (-want +got):\n%s", diff)
			}
		})
	}
}

// The URLs of a realm are those of its listeners, and the main one has the rest.
func TestURLsOfRealms(t *testing.T) {
	cfg := load(t, "public_host=turn.example.org",
		`listeners=[{address: "0.0.0.0:3478", transport: udp}, {address: "0.0.0.0:3479", transport: udp}]`,
		`realms=[{name: "partners", listeners: ["0.0.0.0:3479"], secrets: [{value: "0123456789abcdef"}]}]`)
	for name, want := range map[string]string{"": "turn:turn.example.org:3478?transport=udp", "partners": "turn:turn.example.org:3479?transport=udp"} {
		realm, _ := cfg.RealmOf(name)
		if diff := cmp.Diff([]string{want}, urlsOf(cfg, realm, []netip.Addr{netip.MustParseAddr("10.0.0.5")})); diff != "" {
			t.Errorf("URLs of %q differ (-want +got):\n%s", name, diff)
		}
	}
}

// A realm of server names has the URLs of its names at every port for TLS.
func TestURLsOfServerNames(t *testing.T) {
	cfg := load(t, "public_host=turn.example.org",
		`listeners=[{address: "0.0.0.0:3478", transport: udp}, {address: "0.0.0.0:3478", transport: tcp}, {address: "0.0.0.0:5349", transport: tls}, {address: "0.0.0.0:5349", transport: dtls}]`,
		`tls.certificates=[{certificate_file: "a.crt", key_file: "a.key"}]`,
		`realms=[{name: "net", server_names: ["Turn.example.net"], secrets: [{value: "0123456789abcdef"}]}]`)
	realm, _ := cfg.RealmOf("net")
	want := []string{
		"turns:turn.example.net:3478?transport=tcp", "turns:turn.example.net:5349?transport=tcp",
		"turns:turn.example.net:5349?transport=udp",
	}
	if diff := cmp.Diff(want, urlsOf(cfg, realm, []netip.Addr{netip.MustParseAddr("10.0.0.5")})); diff != "" {
		t.Errorf("URLs differ (-want +got):\n%s", diff)
	}
}

// Each transport that a listener serves has a URL; DTLS only where nothing else is
// served.
func TestURLsOfTransports(t *testing.T) {
	cfg := load(t, "public_host=turn.example.org", `tls.certificates=[{certificate_file: "a", key_file: "b"}]`,
		`listeners=[{address: "0.0.0.0:3478", transport: udp}, {address: "0.0.0.0:3478", transport: tcp}, {address: "0.0.0.0:5349", transport: tls}, {address: "0.0.0.0:5349", transport: dtls}]`)
	realm, _ := cfg.RealmOf("")
	want := []string{
		"turn:turn.example.org:3478?transport=udp", "turn:turn.example.org:3478?transport=tcp",
		"turns:turn.example.org:3478?transport=tcp", "turns:turn.example.org:5349?transport=tcp",
		"turns:turn.example.org:5349?transport=udp",
	}
	if diff := cmp.Diff(want, urlsOf(cfg, realm, []netip.Addr{netip.MustParseAddr("10.0.0.5")})); diff != "" {
		t.Errorf("URLs differ (-want +got):\n%s", diff)
	}
}

package turnserver_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/turnserver"
)

// render is the file that a conversion makes.
func render(t *testing.T, cfg *config.Config) string {
	t.Helper()
	var b strings.Builder
	if err := cfg.WriteChanges(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestConvert takes over a file as many run it, to the letter.
func TestConvert(t *testing.T) {
	cfg, notes := turnserver.Convert(`
# A comment
listening-ip=192.0.2.1
listening-port=3478
  tls-listening-port = 5349
external-ip=198.51.100.1/192.0.2.1
min-port=50000
max-port=60000
fingerprint
use-auth-secret
static-auth-secret=0123456789abcdef
realm=turn.example.org
cert=/etc/ssl/turn.pem
pkey "/etc/ssl/turn.key"
user-quota=12
total-quota=1200
max-bps=125000
stale-nonce=1200
no-multicast-peers
no-tcp-relay
dtls
denied-peer-ip=198.51.100.0-198.51.100.255
denied-peer-ip=203.0.113.5
allowed-peer-ip=198.51.100.128
redis-userdb="ip=127.0.0.1 dbname=2 password=turn port=6380"
no-cli
`)
	want := `listeners:
  - address: "192.0.2.1:3478"
    transport: "udp"
  - address: "192.0.2.1:3478"
    transport: "tcp"
  - address: "192.0.2.1:5349"
    transport: "tls"
  - address: "192.0.2.1:5349"
    transport: "dtls"
tls:
  certificates:
    - certificate_file: "/etc/ssl/turn.pem"
      key_file: "/etc/ssl/turn.key"
relay:
  addresses:
    - address: "192.0.2.1"
      external_address: "198.51.100.1"
  min_port: 50000
  max_port: 60000
auth:
  realm: "turn.example.org"
  secrets:
    - value: "0123456789abcdef"
  stores:
    - name: "redis"
      type: "redis"
      dsn: "redis://:turn@127.0.0.1:6380/2"
  nonce_lifetime: 1200s
peers:
  allow:
    - "198.51.100.128/32"
  deny:
    - "198.51.100.0/25"
    - "198.51.100.129/32"
    - "198.51.100.130/31"
    - "198.51.100.132/30"
    - "198.51.100.136/29"
    - "198.51.100.144/28"
    - "198.51.100.160/27"
    - "198.51.100.192/26"
    - "203.0.113.5/32"
quota:
  user_allocations: 12
  server_allocations: 1200
  allocation_to_peer_bits_per_second: 1000000
  allocation_to_client_bits_per_second: 1000000
`
	if diff := cmp.Diff(want, render(t, cfg)); diff != "" {
		t.Errorf("file differs (-want +got):\n%s", diff)
	}
	if err := cfg.Validate(); err != nil {
		t.Errorf("the result has problems: %v", err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "private addresses") {
		t.Errorf("got notes %v, want only the one about private peers", notes)
	}
}

// TestNotes: what is not taken over is told, with its line.
func TestNotes(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"no-such-option=1", "is not known"},
		{"min-port=many", "has no number"},
		{"listening-ip=eth0", "is no IP address"},
		{"external-ip=198.51.100.1", "needs the local address"},
		{"user=alice", "is not NAME:PASSWORD"},
		{"denied-peer-ip=10.0.0.0/8", "neither an IP address nor a range"},
		{"denied-peer-ip=example.org?10.0.0.1", "is for one realm"},
		{"mongo-userdb=mongodb://localhost", "has no counterpart"},
		{"alternate-server=192.0.2.9", "has no IP address with a port"},
		{"stateless-nonce-secret=short", "too short"},
		{"rest-api-separator=.", "always a colon"},
		{"oauth", "into auth.oauth"},
		{"prometheus", "loopback only"},
		{"rfc5780", "two addresses"},
	} {
		_, notes := turnserver.Convert("\n" + test.line)
		isFound := slices.ContainsFunc(notes, func(n turnserver.Note) bool {
			return strings.Contains(n.Text, test.want) && (n.Line == 2 || n.Line == 0)
		})
		if !isFound {
			t.Errorf("%s: got notes %v, want %q about line 2", test.line, notes, test.want)
		}
	}
	if _, notes := turnserver.Convert("no-tcp-relay\noauth=0\nverbose\nfingerprint\nno-tlsv1"); len(notes) != 1 {
		t.Errorf("what is off or holds here anyway: got notes %v, want the one about private peers", notes)
	}
}

// TestSTUNSwitches: a server for STUN alone needs nobody to relay for.
func TestSTUNSwitches(t *testing.T) {
	cfg, notes := turnserver.Convert("stun-only")
	if err := cfg.Validate(); err != nil || !cfg.STUN.Only || len(notes) != 1 {
		t.Errorf("stun-only: got stun.only %v, problems %v, notes %v, want no word of TCP relaying", cfg.STUN.Only, err, notes)
	}
	cfg, _ = turnserver.Convert("no-stun\nno-tcp-relay\nstatic-auth-secret=0123456789abcdef")
	if err := cfg.Validate(); err != nil || cfg.STUN.Binding {
		t.Errorf("no-stun: got stun.binding %v, problems %v, want false and none", cfg.STUN.Binding, err)
	}
	if cfg, _ = turnserver.Convert("stun-only=0\nno-stun=false"); cfg.STUN.Only || !cfg.STUN.Binding {
		t.Errorf("off: got %+v, want the defaults", cfg.STUN)
	}
}

// TestTCPRelay: coturn relays TCP unless it is told not to; whoever counts on that is
// told how to have it here.
func TestTCPRelay(t *testing.T) {
	for _, test := range []struct {
		file string
		want bool
	}{
		{"listening-ip=192.0.2.1", true},
		{"no-tcp-relay=0", true},
		{"no-tcp\ncert=turn.pem\npkey=turn.key", true}, // TLS is left
		{"no-tcp-relay", false},
		{"stun-only", false},
		{"no-tcp", false}, // nobody can ask for it
	} {
		cfg, notes := turnserver.Convert(test.file)
		isTold := slices.ContainsFunc(notes, func(n turnserver.Note) bool {
			return n.Line == 0 && strings.Contains(n.Text, "RFC 6062") && strings.Contains(n.Text, "set tcp_relay.enabled to true")
		})
		if isTold != test.want || cfg.TCPRelay.Enabled {
			t.Errorf("%q: got told %v, relaying TCP %v, want told %v, and off either way", test.file, isTold, cfg.TCPRelay.Enabled, test.want)
		}
	}
}

// TestUsersBesideASecret: coturn ignores them, so they must not get in by the way.
func TestUsersBesideASecret(t *testing.T) {
	cfg, _ := turnserver.Convert("user=alice:wonderland\nuser=bob:0x00112233445566778899aabbccddeeff")
	if len(cfg.Auth.Users) != 2 || cfg.Auth.Users[0].Password.Reveal() != "wonderland" || cfg.Auth.Users[1].Key.Reveal() != "0x00112233445566778899aabbccddeeff" {
		t.Errorf("got %d users, want alice with a password and bob with a key", len(cfg.Auth.Users))
	}
	cfg, notes := turnserver.Convert("user=alice:wonderland\nstatic-auth-secret=0123456789abcdef")
	if len(cfg.Auth.Users) != 0 || !slices.ContainsFunc(notes, func(n turnserver.Note) bool { return n.Name == "user" }) {
		t.Errorf("beside a secret: got %d users, notes %v, want none and a note", len(cfg.Auth.Users), notes)
	}
}

// TestStores: every back-end of coturn that this server knows, each under a name of its
// own, passes the checks of the configuration.
func TestStores(t *testing.T) {
	cfg, _ := turnserver.Convert(`
userdb=/var/lib/turn/turndb
psql-userdb="host=db.example.org dbname=turn user=turn password=secret"
psql-userdb=postgres://turn:secret@192.0.2.9/turn
mysql-userdb="host=192.0.2.8 dbname=turn user=turn password=secret port=3307"
redis-userdb="ip=192.0.2.7 password=secret"
redis-statsdb="ip=192.0.2.7 password=secret"
`)
	var names []string
	for _, s := range cfg.Auth.Stores {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"sqlite", "postgres", "postgres-2", "mysql", "redis"}, names); diff != "" {
		t.Errorf("stores differ (-want +got):\n%s", diff)
	}
	if err := cfg.Validate(); err != nil {
		t.Errorf("the result has problems: %v", err)
	}
	if cfg.Events.Redis.URL.Reveal() != "redis://:secret@192.0.2.7:6379/0" || !cfg.Events.Redis.CoturnChannels {
		t.Errorf("got events to %q, want those of coturn's statistics", cfg.Events.Redis.URL.Reveal())
	}
}

// FuzzConvert: whatever the text, there is a result, and the rules of peers say the same
// as the ranges that they are made of.
func FuzzConvert(f *testing.F) {
	f.Add("user=a:b\nlistening-ip=::1\nexternal-ip=1.2.3.4/5.6.7.8", "10.0.0.1", "10.0.0.9", "10.0.0.3")
	f.Add("denied-peer-ip = ", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1")
	f.Add("\"=\"", "0.0.0.0", "255.255.255.255", "255.255.255.255")
	f.Fuzz(func(t *testing.T, text, first, last, allowed string) {
		turnserver.Convert(text)
		from, err := netip.ParseAddr(first)
		to, err2 := netip.ParseAddr(last)
		hole, err3 := netip.ParseAddr(allowed)
		if err != nil || err2 != nil || err3 != nil || from.Is4() != to.Is4() || to.Less(from) || from.Zone()+to.Zone()+hole.Zone() != "" || from.Is4In6() || to.Is4In6() || hole.Is4In6() {
			return
		}
		cfg, _ := turnserver.Convert("denied-peer-ip=" + first + "-" + last + "\nallowed-peer-ip=" + allowed)
		isDenied := func(ip netip.Addr) bool {
			return slices.ContainsFunc(cfg.Peers.Deny, func(rule string) bool { return netip.MustParsePrefix(rule).Contains(ip) })
		}
		for _, ip := range []netip.Addr{from, to, from.Prev(), to.Next(), hole, hole.Prev(), hole.Next()} {
			if !ip.IsValid() || ip.Is4() != from.Is4() {
				continue
			}
			want := ip != hole && !ip.Less(from) && !to.Less(ip)
			if isDenied(ip) != want {
				t.Errorf("%s of %s-%s without %s: got denied %v, want %v by %v", ip, first, last, allowed, !want, want, cfg.Peers.Deny)
			}
		}
	})
}

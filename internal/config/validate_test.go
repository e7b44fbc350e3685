package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
)

func TestValidate(t *testing.T) {
	for _, test := range []struct{ name, set, want string }{
		{"no listener", `listeners=[]`, `listeners: holds no listener`},
		{"other transport", `listeners=[{address: "192.0.2.1:3478", transport: sctp}]`, `listeners[0].transport = "sctp": must be one of udp, tcp, tls, dtls`},
		{"no transport", `listeners=[{address: "192.0.2.1:3478"}]`, `listeners[0].transport = "": must be one of udp, tcp, tls, dtls`},
		{"TLS without a certificate", `listeners=[{address: "192.0.2.1:5349", transport: tls}]`, `listeners[0].transport = "tls": needs a certificate: set tls.certificates or tls.acme.domains`},
		{"DTLS without a certificate", `listeners=[{address: "192.0.2.1:5349", transport: dtls}]`, `listeners[0].transport = "dtls": needs a certificate: set tls.certificates or tls.acme.domains`},
		{"UDP and DTLS at one address", `listeners=[{address: "192.0.2.1:443", transport: udp}, {address: "192.0.2.1:443", transport: dtls}]`, `listeners[1].address = "192.0.2.1:443": stands in listeners[0] already`},
		{"TCP and TLS at one address", `listeners=[{address: "192.0.2.1:443", transport: tcp}, {address: "192.0.2.1:443", transport: tls}]`, `listeners[1].address = "192.0.2.1:443": stands in listeners[0] already`},
		{"a backlog without room for a datagram", `streams.backlog_bytes=65536`, `streams.backlog_bytes = 65536: must be from 131072 to`},
		{"no time to authenticate", `streams.authentication_timeout=0s`, `streams.authentication_timeout = 0s: must be from 1s to`},
		{"port only", `listeners=[{address: ":3478", transport: udp}]`, `listeners[0].address = ":3478": must be an IP address and a port, such as "192.0.2.1:3478"`},
		{"no port", `listeners=[{address: "192.0.2.1", transport: udp}]`, `listeners[0].address = "192.0.2.1": must be an IP address and a port`},
		{"host name", `listeners=[{address: "localhost:3478", transport: udp}]`, `must be an IP address and a port`},
		{"port 0", `listeners=[{address: "192.0.2.1:0", transport: udp}]`, `must have a port from 1 to 65535`},
		{"IPv4 in IPv6", `listeners=[{address: "[::ffff:192.0.2.1]:3478", transport: udp}]`, `write 192.0.2.1`},
		{"zone", `listeners=[{address: "[fe80::1%eth0]:3478", transport: udp}]`, `must not have a zone`},
		{"multicast", `listeners=[{address: "224.0.0.1:3478", transport: udp}]`, `not multicast or broadcast`},
		{"listener twice", `listeners=[{address: "192.0.2.1:3478", transport: udp}, {address: "192.0.2.1:3478", transport: udp}]`, `listeners[1].address = "192.0.2.1:3478": stands in listeners[0] already`},
		{"covered by the wildcard", `listeners=[{address: "192.0.2.1:3478", transport: udp}, {address: "0.0.0.0:3478", transport: udp}]`, `listeners[0].address = "192.0.2.1:3478": is covered by listeners[1]`},
		{"covered by the IPv6 wildcard", `listeners=[{address: "[::]:3478", transport: udp}, {address: "[2001:db8::1]:3478", transport: udp}]`, `listeners[1].address = "[2001:db8::1]:3478": is covered by listeners[0]`},
		{"URL as host", `public_host=turn:example.org`, `public_host = "turn:example.org": must be a DNS name or an IP address`},
		{"host with port", `public_host=example.org:3478`, `must be a DNS name or an IP address`},
		{"certificate without key", `tls.certificates=[{certificate_file: "a"}]`, `tls.certificates[0].key_file = "": must name the file with the private key`},
		{"key without certificate", `tls.certificates=[{key_file: "a"}]`, `tls.certificates[0].certificate_file = "": must name the file with the certificate chain`},
		{"certificate twice", `tls.certificates=[{certificate_file: "a", key_file: "b"}, {certificate_file: "a", key_file: "c"}]`, `tls.certificates[1].certificate_file = "a": stands in tls.certificates[0] already`},
		{"old TLS", `tls.min_version=1.1`, `tls.min_version = "1.1": must be one of 1.2, 1.3`},
		{"wildcard by ACME", `tls.acme.domains=*.example.org`, `tls.acme.domains[0] = "*.example.org": must be a DNS name without wildcard`},
		{"address by ACME", `tls.acme.domains=192.0.2.1`, `tls.acme.domains[0] = "192.0.2.1": must be a DNS name`},
		{"unknown challenge", `tls.acme.challenge=dns-01`, `tls.acme.challenge = "dns-01": must be one of tls-alpn-01, http-01`},
		{"challenge at a port only", `tls.acme.challenge_address=:443`, `tls.acme.challenge_address = ":443": must be an IP address and a port`},
		{"authority without TLS", `tls.acme.directory=http://ca.example.org/`, `must be the https URL`},
		{"no storage", `tls.acme.storage=`, `tls.acme.storage = "": must name the directory`},
		{"proxies that nobody trusts", `listeners=[{address: "192.0.2.1:3478", transport: tcp, proxy_protocol: true}]`, `listeners[0].trusted_proxies: must list the proxies`},
		{"trust without proxies", `listeners=[{address: "192.0.2.1:3478", transport: tcp, trusted_proxies: ["192.0.2.9"]}]`, `listeners[0].trusted_proxies: counts only with proxy_protocol: true`},
		{"proxies for DTLS", `listeners=[{address: "192.0.2.1:3478", transport: dtls, proxy_protocol: true, trusted_proxies: ["192.0.2.9"]}]`, `listeners[0].proxy_protocol = true: is for the transports udp, tcp and tls`},
		{"bad proxy", `listeners=[{address: "192.0.2.1:3478", transport: tcp, proxy_protocol: true, trusted_proxies: ["192.0.2.9", "192.0.2.1/24"]}]`, `listeners[0].trusted_proxies[1] = "192.0.2.1/24": must be an address or a prefix, such as "192.0.2.7" or "192.0.2.0/24"`},
		{"negative workers", `workers=-1`, `workers = -1: must be from 0 to 1024`},
		{"negative buffer", `sockets.send_buffer_bytes=-1`, `sockets.send_buffer_bytes = -1: must be from 0`},
		{"unknown switch", `sockets.gso=yes`, `sockets.gso = "yes": must be one of auto, on, off`},
		{"relay wildcard", `relay.addresses=[{address: "0.0.0.0"}]`, `relay.addresses[0].address = "0.0.0.0": must be one certain address`},
		{"relay address with port", `relay.addresses=[{address: "192.0.2.1:5"}]`, `must be an IP address without a port`},
		{"relay address missing", `relay.addresses=[{external_address: "192.0.2.1"}]`, `relay.addresses[0].address = "": must be an IP address`},
		{"relay address twice", `relay.addresses=[{address: "192.0.2.1"}, {address: "192.0.2.1"}]`, `relay.addresses[1].address = "192.0.2.1": stands in relay.addresses[0].address already`},
		{"external address twice", `relay.addresses=[{address: "10.0.0.1", external_address: "192.0.2.1"}, {address: "10.0.0.2", external_address: "192.0.2.1"}]`, `stands in relay.addresses[0].external_address already`},
		{"external address of the other family", `relay.addresses=[{address: "10.0.0.1", external_address: "2001:db8::1"}]`, `must be of the same address family as 10.0.0.1`},
		{"ports backwards", `relay.max_port=40000`, `relay.max_port = 40000: must not be less than relay.min_port, which is 49152`},
		{"port too large", `relay.max_port=70000`, `relay.max_port = 70000: must be from 1 to 65535`},
		{"impatient Connect", `tcp_relay.connect_timeout=29s`, `tcp_relay.connect_timeout = 29s: must be from 30s to`},
		{"no time to bind", `tcp_relay.bind_timeout=0s`, `tcp_relay.bind_timeout = 0s: must be from 1s to`},
		{"no connection without a client", `tcp_relay.max_unbound=0`, `tcp_relay.max_unbound = 0: must be from 1 to`},
		{"none of one client", `tcp_relay.max_unbound_per_client=0`, `tcp_relay.max_unbound_per_client = 0: must be from 1 to`},
		{"unknown family", `relay.default_address_family=both`, `must be one of ipv4, ipv6, client`},
		{"lifetime of no time", `allocation.permission_lifetime=0s`, `allocation.permission_lifetime = 0s: must be from 1s`},
		{"lifetime of half seconds", `allocation.max_lifetime=3600.5s`, `must be whole seconds`},
		{"maximum below the default", `allocation.max_lifetime=300s`, `allocation.max_lifetime = 300s: must not be shorter than allocation.default_lifetime, which is 600s`},
		{"no permissions", `allocation.max_permissions=0`, `must be from 1 to`},
		{"too many channels", `allocation.max_channels=20000`, `must be from 1 to 16384`},
		{"empty realm", `auth.realm=`, `auth.realm: "" is empty`},
		{"quote in realm", `auth.realm=a"b`, `auth.realm: "a\"b" contains a quote`},
		{"user without name", `auth.users=[{password: "x"}]`, `auth.users[0]: name is empty`},
		{"user without password", `auth.users=[{name: "a"}]`, `auth.users[0]: has neither a password nor a key`},
		{"user with both", `auth.users=[{name: "a", password: "x", key: "00112233445566778899aabbccddeeff"}]`, `auth.users[0]: has both a password and a key`},
		{"user with bad key", `auth.users=[{name: "a", key: "xyz"}]`, `auth.users[0].key = ***: is not 32 hexadecimal digits`},
		{"user twice", `auth.users=[{name: "a", password: "x"}, {name: "a", password: "y"}]`, `auth.users[1]: name "a" repeats users[0]`},
		{"empty secret", `auth.secrets=[{name: "a"}]`, `auth.secrets[0]: value is empty`},
		{"secret twice", `auth.secrets=[{value: "a"}, {value: "a"}]`, `auth.secrets[1]: value repeats secrets[0]`},
		{"no credentials", `auth.secrets=[]`, `auth: no credentials: set auth.users, auth.secrets or auth.stores`},
		{"unknown expiry", `auth.expiry=never`, `auth.expiry = "never": must be one of allocate, strict`},
		{"negative grace", `auth.expiry_grace=-1s`, `auth.expiry_grace: -1s is negative`},
		{"short nonce key", `auth.nonce_key=short`, `auth.nonce_key = ***: has 5 bytes, at least 32 are needed`},
		{"nonce for no time", `auth.nonce_lifetime=1s`, `auth.nonce_lifetime = 1s: must be from 10s to 86400s`},
		{"bad client", `clients.allow=192.0.2.7,nobody`, `clients.allow[1] = "nobody": must be an address or a prefix, such as "192.0.2.7"`},
		{"client with host bits", `clients.deny=192.0.2.7/24`, `clients.deny[0] = "192.0.2.7/24": has bits behind the length of the prefix: write 192.0.2.0/24 for the whole prefix`},
		{"client with a port", `clients.deny=192.0.2.7 port 5`, `clients.deny[0] = "192.0.2.7 port 5": must be an address or a prefix`},
		{"bad rule", `peers.allow=10.0.0.0/8,nonsense`, `peers.allow[1] = "nonsense": `},
		{"rule with host bits", `peers.deny=10.1.2.3/8`, `peers.deny[0] = "10.1.2.3/8": `},
		{"rule with bad port", `peers.deny=10.0.0.0/8 port 9-1`, `peers.deny[0] = "10.0.0.0/8 port 9-1": `},
		{"negative quota", `quota.user_allocations=-1`, `quota.user_allocations = -1: must be from 0`},
		{"rate in wrong unit", `quota.allocation_to_peer_bits_per_second=100`, `the unit is bits per second`},
		{"override for nobody", `quota.overrides=[{user_allocations: 1}]`, `quota.overrides[0]: must name a realm, a tenant or a user`},
		{"override for another realm", `quota.overrides=[{realm: "nowhere"}]`, `quota.overrides[0].realm = "nowhere": must be auth.realm or the name of one of realms`},
		{"override twice", `quota.overrides=[{user: "a"}, {user: "a"}]`, `quota.overrides[1]: is for the same realm, tenant and user as quota.overrides[0]`},
		{"limit of the tenant for a user", `quota.overrides=[{user: "a", tenant: "b", tenant_allocations: 1}]`, `sets a limit of the whole tenant for one user`},
		{"limit of the realm for a tenant", `quota.overrides=[{tenant: "b", realm_allocations: 1}]`, `sets a limit of the whole realm for one tenant or user`},
		{"override below unlimited", `quota.overrides=[{user: "a", user_allocations: -2}]`, `quota.overrides[0].user_allocations = -2: must be from -1`},
		{"override rate in wrong unit", `quota.overrides=[{user: "a", user_to_peer_bits_per_second: 100}]`, `the unit is bits per second`},
		{"no period", `quota.usage_period=0s`, `quota.usage_period = 0s: must be from 60s`},
		{"no burst", `quota.bandwidth_burst=0s`, `quota.bandwidth_burst = 0s: must be from 1ms to 60s`},
		{"long software", `stun.software=` + strings.Repeat("x", 128), `has 128 characters, at most 127 fit`},
		{"discovery with nothing", `nat_discovery.enabled=true`, `nat_discovery.enabled = true: needs two addresses of this host`},
		{"discovery on one port", `nat_discovery.alternate_port=3478`, `nat_discovery.alternate_port = 3478: must differ from nat_discovery.port`},
		{"discovery on no port", `nat_discovery.port=0`, `nat_discovery.port = 0: must be from 1 to 65535`},
		{"discovery on a name", `nat_discovery.addresses=[localhost]`, `nat_discovery.addresses[0] = "localhost": must be an IP address without a port`},
		{"discovery on an address twice", `nat_discovery.addresses=["192.0.2.1", "192.0.2.1"]`, `nat_discovery.addresses[1] = "192.0.2.1": stands in the list already`},
		{"alternate without port", `alternates.servers=[{address: "192.0.2.2", transport: udp}]`, `alternates.servers[0].address = "192.0.2.2": must be the IP address and port that clients reach the other server by`},
		{"alternate everywhere", `alternates.servers=[{address: "0.0.0.0:3478", transport: udp}]`, `alternates.servers[0].address = "0.0.0.0:3478": must be the IP address`},
		{"alternate by carrier pigeon", `alternates.servers=[{address: "192.0.2.2:3478", transport: pigeon}]`, `alternates.servers[0].transport = "pigeon": must be one of udp, tcp, tls`},
		{"domain of an alternate without TLS", `alternates.servers=[{address: "192.0.2.2:3478", transport: tcp, domain: turn2.example.org}]`, `alternates.servers[0].domain = "turn2.example.org": belongs to a server of transport tls only`},
		{"domain that is a URL", `alternates.servers=[{address: "192.0.2.2:3478", transport: tls, domain: "turn:example.org"}]`, `alternates.servers[0].domain = "turn:example.org": must be the DNS name`},
		{"alternate twice", `alternates.servers=[{address: "192.0.2.2:3478", transport: udp}, {address: "192.0.2.2:3478", transport: udp}]`, `alternates.servers[1].address = "192.0.2.2:3478": stands in alternates.servers[0] already`},
		{"negative threshold", `alternates.above_allocations=-1`, `alternates.above_allocations = -1: must be from 0`},
		{"drain of a year", `drain.timeout=8760h`, `drain.timeout = 31536000s: must be from 0s to 604800s`},
		{"monitoring without address", `monitoring.address=:9641`, `monitoring.address = ":9641": must be off, or an IP address and a port`},
		{"unknown level", `log.level=trace`, `log.level = "trace": must be one of debug, info, warn, error`},
		{"unknown format", `log.format=xml`, `must be one of console, json`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problems(t, credentials, test.set)
			path, _, _ := strings.Cut(test.set, "=")
			if len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), test.want) {
				t.Errorf("got problems\n%s\nwant one with\n%s", strings.Join(got, "\n"), test.want)
			}
			if !strings.HasPrefix(got[0], "--set "+path+": ") && test.name != "no credentials" && test.name != "maximum below the default" {
				t.Errorf("got %q, want the place --set %s in front", got[0], path)
			}
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	for _, set := range []string{
		`listeners=[{address: "0.0.0.0:3478", transport: udp}, {address: "0.0.0.0:3479", transport: udp}, {address: "192.0.2.1:3480", transport: udp}, {address: "[::1]:3478", transport: udp}]`,
		`public_host=turn.example.org`,
		`public_host=2001:db8::1`,
		`public_host=a`,
		`relay.addresses=[{address: "192.0.2.1", external_address: "192.0.2.1"}, {address: "2001:db8::1"}]`,
		`relay.max_port=49152`,
		`auth.users=[{name: "a:b", password: "x"}, {name: "b", key: "0x00112233445566778899aabbccddeeff"}]`,
		`auth.anonymous=true`,
		`peers.allow=192.0.2.7,10.0.0.0/8 port 1-1023,2001:db8::/32 port 443`,
		`quota.allocation_to_client_bits_per_second=0`,
		`quota.overrides=[{user: "a", user_to_peer_bits_per_second: -1, user_bytes: -1}, {tenant: "t", user: "a"}, {realm: "fairlead", realm_allocations: -1}]`,
		`clients.allow=192.0.2.7,::ffff:198.51.100.0/120,2001:db8::/32,0.0.0.0/0`,
		`stun.only=true`,
		`stun.binding=false`,
		`monitoring.address=off`,
		`monitoring.address=`,
		`monitoring.address=127.0.0.1:0`,
	} {
		if _, _, err := config.Load(config.Options{File: file(t, credentials), Set: []string{set}}); err != nil {
			t.Errorf("--set %s: got problems\n%v", set, err)
		}
	}
}

func TestProblemsInsideListsHaveTheirLine(t *testing.T) {
	got := problems(t, `auth:
  users:
    - name: "alice"
      password: "x"
    - name: "alice"
      password: "y"
peers:
  deny:
    - "10.0.0.0/8"
    - "10.0.0.1/8"
`)
	want := []string{"fairlead.yaml:5: auth.users[1]: ", `fairlead.yaml:10: peers.deny[1] = "10.0.0.1/8": `}
	if len(got) != len(want) || !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s\nwant lines that start with\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestValidateChangesNothing(t *testing.T) {
	c := read(t, credentials)
	before := *c
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&before, c, ignoreOrigins); diff != "" {
		t.Errorf("Validate changed the configuration (-before +after):\n%s", diff)
	}
}

func TestWarnings(t *testing.T) {
	for _, test := range []struct{ set, want string }{
		{`monitoring.address=0.0.0.0:9641`, `monitoring.address: 0.0.0.0:9641 is not a loopback address`},
		{`auth.anonymous=true`, `auth.anonymous: everybody who reaches this server can relay`},
		{`auth.secrets=[{value: "short"}]`, `auth.secrets[0]: the secret is shorter than 16 bytes`},
		{`auth.expiry_grace=5s`, `auth.expiry_grace: counts only with auth.expiry: strict`},
		{`auth.nonce_lifetime=10s`, `auth.nonce_lifetime: 10s makes every client authenticate anew`},
		{`auth.unauthenticated_answers_per_second=0`, `auth.unauthenticated_answers_per_second: without a limit`},
		{`allocation.permission_lifetime=60s`, `allocation.permission_lifetime: 60s differs from the 300s`},
		{`allocation.channel_lifetime=60s`, `allocation.channel_lifetime: 60s differs from the 600s`},
		{`relay.addresses=[{address: "10.0.0.1"}]`, `relay.addresses[0]: 10.0.0.1 is a private address`},
		{`peers.allow=10.1.0.0/16`, `peers.allow[0]: "10.1.0.0/16" lets clients reach 10.0.0.0/8`},
		{`peers.allow=8.0.0.0/6`, `peers.allow[0]: "8.0.0.0/6" lets clients reach 10.0.0.0/8`},
		{`peers.allow=::1`, `peers.allow[0]: "::1" lets clients reach ::1/128`},
		{`stun.only=true`, `stun.only: nobody can relay, so the credentials of auth and realms count for nothing`},
		{`peers.allow=8.8.8.8`, ``},
		{`log.level=debug`, ``},
	} {
		_, warnings, err := config.Load(config.Options{File: file(t, credentials), Set: []string{test.set}})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(warnings)
		if want := "[" + test.want; !strings.HasPrefix(got, want) || test.want == "" && len(warnings) > 0 {
			t.Errorf("--set %s: got warnings %s, want %s", test.set, got, want)
		}
	}
}

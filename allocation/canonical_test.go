package allocation_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/allocation"
)

// encodings returns the IPv6 addresses that stand for an IPv4 address; what an
// encoding leaves open is random.
func encodings(v4 netip.Addr, random *rand.Rand) map[string]netip.Addr {
	all := map[string]netip.Addr{
		"mapped":          embed("::ffff:0:0", 12, v4),
		"translated":      embed("::ffff:0:0:0", 12, v4),
		"NAT64":           embed("64:ff9b::", 12, v4),
		"local-use NAT64": embed("64:ff9b:1::", 12, v4),
		"ISATAP":          embed("2a01:4f8:1:2:0:5efe::", 12, v4),
		"global ISATAP":   embed("2a01:4f8:1:2:200:5efe::", 12, v4),
		"mapped, zone":    embed("::ffff:0:0", 12, v4).WithZone("eth0"),
	}
	b := embed("2002::", 2, v4).As16()
	for i := 6; i < 16; i++ {
		b[i] = byte(random.Uint32())
	}
	all["6to4"] = netip.AddrFrom16(b)
	inverted := v4.As4()
	for i := range inverted {
		inverted[i] ^= 0xff
	}
	b = embed("2001::", 12, netip.AddrFrom4(inverted)).As16()
	for i := 4; i < 12; i++ {
		b[i] = byte(random.Uint32())
	}
	all["Teredo"] = netip.AddrFrom16(b)
	// :: and ::1 are addresses of their own and no encodings.
	if compatible := embed("::", 12, v4); !compatible.IsUnspecified() && !compatible.IsLoopback() {
		all["compatible"] = compatible
	}
	return all
}

func embed(v6 string, at int, v4 netip.Addr) netip.Addr {
	b, inner := netip.MustParseAddr(v6).As16(), v4.As4()
	copy(b[at:], inner[:])
	return netip.AddrFrom16(b)
}

func TestCanonical(t *testing.T) {
	tests := []struct{ name, addr, want string }{
		{"IPv4", "192.0.2.1", "192.0.2.1"},
		{"IPv6", "2a01:4f8::1", "2a01:4f8::1"},
		{"zone dropped", "fe80::1%eth0", "fe80::1"},
		{"unspecified", "::", "::"},
		{"loopback", "::1", "::1"},
		{"mapped", "::ffff:127.0.0.1", "127.0.0.1"},
		{"mapped zero", "::ffff:0.0.0.0", "0.0.0.0"},
		{"mapped with zone", "::ffff:10.0.0.1%eth0", "10.0.0.1"},
		{"compatible", "::127.0.0.1", "127.0.0.1"},
		{"compatible, first", "::2", "0.0.0.2"},
		{"compatible, last", "::255.255.255.255", "255.255.255.255"},
		{"beyond compatible", "::1:0:0", "::1:0:0"},
		{"translated", "::ffff:0:10.0.0.1", "10.0.0.1"},
		{"6to4", "2002:7f00:1::", "127.0.0.1"},
		{"6to4, any host", "2002:a00:1:ffff:1:2:3:4", "10.0.0.1"},
		{"beyond 6to4", "2003:a00:1::", "2003:a00:1::"},
		{"NAT64", "64:ff9b::a9fe:a9fe", "169.254.169.254"},
		{"beside NAT64", "64:ff9b::1:a9fe:a9fe", "64:ff9b::1:a9fe:a9fe"},
		{"local-use NAT64", "64:ff9b:1::7f00:1", "127.0.0.1"},
		{"local-use NAT64, other subnet", "64:ff9b:1:7f00:0:100::", "64:ff9b:1:7f00:0:100::"},
		{"Teredo, RFC 4380 style", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"},
		{"Teredo, private client", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "10.0.0.1"},
		{"Teredo, private server", "2001:0:a00:1:8000:63bf:3fff:fdd2", "192.0.2.45"},
		{"beyond Teredo", "2001:1::f5ff:fffe", "2001:1::f5ff:fffe"},
		{"ISATAP", "2a01:4f8::5efe:10.0.0.1", "10.0.0.1"},
		{"ISATAP, universal bit", "2a01:4f8::200:5efe:10.0.0.1", "10.0.0.1"},
		{"ISATAP, link-local", "fe80::5efe:10.0.0.1%eth0", "10.0.0.1"},
		{"no ISATAP: other bits", "2a01:4f8::100:5efe:10.0.0.1", "2a01:4f8::100:5efe:a00:1"},
		{"ISATAP inside 6to4", "2002:7f00:1::5efe:8.8.8.8", "127.0.0.1"},
		{"ISATAP inside Teredo", "2001:0:808:808:0:5efe:f5ff:fffe", "10.0.0.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr, want := netip.MustParseAddr(test.addr), netip.MustParseAddr(test.want)
			got := allocation.Canonical(addr)
			if got != want {
				t.Errorf("Canonical(%v): got %v, want %v", addr, got, want)
			}
			if again := allocation.Canonical(got); again != got {
				t.Errorf("Canonical(%v): got %v, want it unchanged", got, again)
			}
		})
	}
	if got := allocation.Canonical(netip.Addr{}); got.IsValid() {
		t.Errorf("Canonical of no address: got %v, want none", got)
	}
}

func TestCanonicalUnwrapsEveryEncoding(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		v4 := randomIPv4(random)
		for name, addr := range encodings(v4, random) {
			if got := allocation.Canonical(addr); got != v4 {
				t.Fatalf("Canonical(%v), %s: got %v, want %v", addr, name, got, v4)
			}
		}
	}
}

func randomIPv4(random *rand.Rand) netip.Addr {
	u := random.Uint32()
	return netip.AddrFrom4([4]byte{byte(u >> 24), byte(u >> 16), byte(u >> 8), byte(u)})
}

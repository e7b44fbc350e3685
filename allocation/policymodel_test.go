package allocation_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/fairlead/fairlead/allocation"
)

// policyModel is the order of SPEC section 3 written down naively: every list
// walked through for every address and port.
type policyModel struct {
	config allocation.PolicyConfig
}

type deniedRange struct {
	prefix netip.Prefix
	rule   allocation.RuleName
}

// deniedRanges are the special-purpose ranges, from the IANA registries and not
// from the code; more specific ones come first.
var deniedRanges = []deniedRange{
	{netip.MustParsePrefix("0.0.0.0/32"), allocation.RuleUnspecified},
	{netip.MustParsePrefix("0.0.0.0/8"), allocation.RuleThisHost},
	{netip.MustParsePrefix("10.0.0.0/8"), allocation.RulePrivate},
	{netip.MustParsePrefix("100.64.0.0/10"), allocation.RuleSharedAddress},
	{netip.MustParsePrefix("127.0.0.0/8"), allocation.RuleLoopback},
	{netip.MustParsePrefix("169.254.0.0/16"), allocation.RuleLinkLocal},
	{netip.MustParsePrefix("172.16.0.0/12"), allocation.RulePrivate},
	{netip.MustParsePrefix("192.0.0.0/24"), allocation.RuleProtocol},
	{netip.MustParsePrefix("192.0.2.0/24"), allocation.RuleDocumentation},
	{netip.MustParsePrefix("192.88.99.0/24"), allocation.RuleRelayAnycast},
	{netip.MustParsePrefix("192.168.0.0/16"), allocation.RulePrivate},
	{netip.MustParsePrefix("198.18.0.0/15"), allocation.RuleBenchmarking},
	{netip.MustParsePrefix("198.51.100.0/24"), allocation.RuleDocumentation},
	{netip.MustParsePrefix("203.0.113.0/24"), allocation.RuleDocumentation},
	{netip.MustParsePrefix("224.0.0.0/4"), allocation.RuleMulticast},
	{netip.MustParsePrefix("255.255.255.255/32"), allocation.RuleBroadcast},
	{netip.MustParsePrefix("240.0.0.0/4"), allocation.RuleReserved},
	{netip.MustParsePrefix("::/128"), allocation.RuleUnspecified},
	{netip.MustParsePrefix("::1/128"), allocation.RuleLoopback},
	{netip.MustParsePrefix("64:ff9b:1::/48"), allocation.RuleTranslation},
	{netip.MustParsePrefix("100::/64"), allocation.RuleDiscard},
	{netip.MustParsePrefix("100:0:0:1::/64"), allocation.RuleDiscard},
	{netip.MustParsePrefix("2001:2::/48"), allocation.RuleBenchmarking},
	{netip.MustParsePrefix("2001:10::/28"), allocation.RuleOverlay},
	{netip.MustParsePrefix("2001:20::/28"), allocation.RuleOverlay},
	{netip.MustParsePrefix("2001:db8::/32"), allocation.RuleDocumentation},
	{netip.MustParsePrefix("2001::/23"), allocation.RuleProtocol},
	{netip.MustParsePrefix("3fff::/20"), allocation.RuleDocumentation},
	{netip.MustParsePrefix("fc00::/7"), allocation.RuleUniqueLocal},
	{netip.MustParsePrefix("fe80::/10"), allocation.RuleLinkLocal},
	{netip.MustParsePrefix("fec0::/10"), allocation.RuleSiteLocal},
	{netip.MustParsePrefix("ff00::/8"), allocation.RuleMulticast},
	{netip.MustParsePrefix("::/3"), allocation.RuleReserved},
	{netip.MustParsePrefix("4000::/2"), allocation.RuleReserved},
	{netip.MustParsePrefix("8000::/1"), allocation.RuleReserved},
}

func (m *policyModel) builtIn(addr netip.Addr) allocation.RuleName {
	for _, r := range deniedRanges {
		if r.prefix.Contains(addr) {
			return r.rule
		}
	}
	return allocation.RuleNone
}

func matches(rules []allocation.Rule, addr netip.Addr, port uint16) bool {
	for _, r := range rules {
		everyPort := r.MinPort == 0 && r.MaxPort == 0
		if r.Prefix.Contains(addr) && (everyPort || r.MinPort <= port && port <= r.MaxPort) {
			return true
		}
	}
	return false
}

func (m *policyModel) check(addr netip.Addr, port uint16) allocation.Verdict {
	builtIn := m.builtIn(addr)
	switch {
	case builtIn == allocation.RuleUnspecified || builtIn == allocation.RuleMulticast || builtIn == allocation.RuleBroadcast:
		return deny(builtIn)
	case port == 0:
		return deny(allocation.RulePortZero)
	case matches(m.config.Protected, addr, port):
		return deny(allocation.RuleProtected)
	case matches(m.config.Deny, addr, port):
		return deny(allocation.RuleDeny)
	case matches(m.config.Allow, addr, port):
		return allow(allocation.RuleAllow)
	case m.config.Own(addr) && builtIn != allocation.RuleLoopback:
		if m.config.Live(netip.AddrPortFrom(addr, port)) {
			return allow(allocation.RuleOwnAddress)
		}
		return deny(allocation.RuleOwnAddress)
	case builtIn != allocation.RuleNone:
		return deny(builtIn)
	}
	return allow(allocation.RuleNone)
}

// forTCP is the model of CheckTCP.
func (m *policyModel) forTCP() *policyModel {
	tcp := *m
	tcp.config.Live = m.config.LiveTCP
	return &tcp
}

// ports returns every port at which a verdict can change, and its neighbours.
func (m *policyModel) ports() []uint16 {
	ports := []uint16{1, 2, 443, 65534, 65535}
	for _, r := range slices.Concat(m.config.Protected, m.config.Deny, m.config.Allow) {
		for _, edge := range []uint16{r.MinPort, r.MaxPort} {
			if edge > 1 && edge < 65535 {
				ports = append(ports, edge-1, edge, edge+1)
			}
		}
	}
	return ports
}

// decideIP derives the decision on an address from those on its ports.
func (m *policyModel) decideIP(addr netip.Addr) allocation.Decision {
	count := map[allocation.Decision]int{}
	for _, port := range m.ports() {
		verdict := m.check(addr, port)
		if verdict.Rule == allocation.RuleOwnAddress {
			// Something may live there later.
			return allocation.ByPort
		}
		count[verdict.Decision]++
	}
	switch {
	case count[allocation.Deny] == 0:
		return allocation.Allow
	case count[allocation.Allow] == 0:
		return allocation.Deny
	}
	return allocation.ByPort
}

// borders returns the first and last address of a prefix and their neighbours
// outside of it.
func borders(prefix netip.Prefix) []netip.Addr {
	first := prefix.Masked().Addr()
	b := first.AsSlice()
	for bit := prefix.Bits(); bit < first.BitLen(); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	all := []netip.Addr{first, last}
	for _, neighbour := range []netip.Addr{first.Prev(), last.Next()} {
		if neighbour.IsValid() {
			all = append(all, neighbour)
		}
	}
	return all
}

// randomRules are IPv4 rules of any size and IPv6 ones that leave the prefix of
// the ISATAP addresses alone, some written in an encoding.
func randomRules(t testing.TB, random *rand.Rand, count int) (list []allocation.Rule) {
	for range count {
		addr, text := randomIPv4(random), ""
		switch bits := random.IntN(33); random.IntN(8) {
		case 0:
			b := netip.MustParseAddr("2a02::").As16()
			b[2], b[3] = byte(random.Uint32()), byte(random.Uint32())
			text = netip.PrefixFrom(netip.AddrFrom16(b), 16+random.IntN(17)).Masked().String()
		case 1:
			text = netip.PrefixFrom(embed("::ffff:0:0", 12, netip.PrefixFrom(addr, bits).Masked().Addr()), 96+max(bits, 1)).String()
		case 2:
			// A rule that cuts a built-in range.
			special := deniedRanges[random.IntN(17)].prefix
			bits = min(special.Bits()+random.IntN(4), 32)
			text = netip.PrefixFrom(special.Addr(), bits).Masked().String()
		default:
			text = netip.PrefixFrom(addr, bits).Masked().String()
		}
		if random.IntN(2) == 0 {
			low, high := 1+random.IntN(65535), 1+random.IntN(65535)
			text += fmt.Sprintf(" port %d-%d", min(low, high), max(low, high))
		}
		list = append(list, rules(t, text)...)
	}
	return list
}

// checkAgainstModel compares all that a policy says about an address, and about
// each encoding of it, with the model.
func checkAgainstModel(t testing.TB, policy *allocation.Policy, model *policyModel, addr netip.Addr, random *rand.Rand) {
	t.Helper()
	verdict := policy.CheckIP(addr)
	if want := model.decideIP(addr); verdict.Decision != want {
		t.Fatalf("CheckIP(%v): got %v, want %v", addr, verdict, want)
	}
	spellings := map[string]netip.Addr{"itself": addr}
	if addr.Is4() {
		spellings = encodings(addr, random)
		spellings["itself"] = addr
	}
	for name, spelling := range spellings {
		if got := policy.CheckIP(spelling); got != verdict {
			t.Fatalf("CheckIP(%v), %s of %v: got %v, want %v", spelling, name, addr, got, verdict)
		}
		for _, port := range append(model.ports(), 0, uint16(random.Uint32())) {
			want := model.check(addr, port)
			if got := policy.Check(netip.AddrPortFrom(spelling, port)); got != want {
				t.Fatalf("Check(%v, %d), %s of %v: got %v, want %v", spelling, port, name, addr, got, want)
			}
			want = model.forTCP().check(addr, port)
			if got := policy.CheckTCP(netip.AddrPortFrom(spelling, port)); got != want {
				t.Fatalf("CheckTCP(%v, %d), %s of %v: got %v, want %v", spelling, port, name, addr, got, want)
			}
		}
	}
}

func newPolicyModel(t testing.TB, random *rand.Rand, ruleCount int) *policyModel {
	return &policyModel{config: allocation.PolicyConfig{
		Protected: randomRules(t, random, ruleCount/2),
		Deny:      randomRules(t, random, ruleCount),
		Allow:     randomRules(t, random, ruleCount*2),
		Own:       func(addr netip.Addr) bool { b := addr.As16(); return b[15]%16 == 7 && addr.Is4() },
		Live:      func(peer netip.AddrPort) bool { return peer.Port()%2 == 0 },
		LiveTCP:   func(peer netip.AddrPort) bool { return peer.Port()%3 == 0 },
	}}
}

// The verdict on an address is the model's, and that on every encoding of it:
// for random addresses and the borders of every rule, under random rules.
func TestEveryEncodingGetsTheSameVerdict(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 8656))
			model := newPolicyModel(t, random, int(seed)%6)
			policy := allocation.NewPolicy(model.config)
			for range 100 {
				checkAgainstModel(t, policy, model, randomIPv4(random), random)
			}
			for _, r := range slices.Concat(model.config.Protected, model.config.Deny, model.config.Allow) {
				for _, addr := range borders(r.Prefix) {
					checkAgainstModel(t, policy, model, addr, random)
				}
			}
		})
	}
}

func TestBordersOfDeniedRanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	model := &policyModel{config: allocation.PolicyConfig{
		Own:  func(netip.Addr) bool { return false },
		Live: func(netip.AddrPort) bool { return false },
	}}
	policy := allocation.NewPolicy(model.config)
	for _, r := range deniedRanges {
		t.Run(r.prefix.String(), func(t *testing.T) {
			for _, addr := range borders(r.prefix) {
				if allocation.Canonical(addr) != addr {
					continue // the border of a range around or beside encodings
				}
				checkAgainstModel(t, policy, model, addr, random)
				if r.prefix.Contains(addr) && policy.CheckIP(addr).Decision != allocation.Deny {
					t.Errorf("CheckIP(%v): got %v, want deny", addr, policy.CheckIP(addr))
				}
			}
		})
	}
}

// No address at all, however odd, gets a verdict that differs from that on its
// canonical form, unless the address is denied on its own account.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1}, uint16(80), uint64(1))
	for _, text := range []string{"::1", "2002:7f00:1::", "fe80::5efe:7f00:1", "64:ff9b:1::a00:1", "2001:0:1:2:3:4:f5ff:fffe"} {
		f.Add(netip.MustParseAddr(text).AsSlice(), uint16(443), uint64(2))
	}
	f.Fuzz(func(t *testing.T, raw []byte, port uint16, seed uint64) {
		addr, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		random := rand.New(rand.NewPCG(seed, seed))
		model := newPolicyModel(t, random, int(seed%5))
		policy := allocation.NewPolicy(model.config)
		got, want := policy.Check(netip.AddrPortFrom(addr, port)), model.check(allocation.Canonical(addr), port)
		if got != want && got.Decision != allocation.Deny {
			t.Fatalf("Check(%v, %d): got %v, want %v", addr, port, got, want)
		}
		if ip := policy.CheckIP(addr); ip.Decision == allocation.Deny && got.Decision == allocation.Allow {
			t.Fatalf("CheckIP(%v): got %v, but port %d gets %v", addr, ip, port, got)
		} else if ip.Decision == allocation.Allow && got.Decision == allocation.Deny && port != 0 {
			t.Fatalf("CheckIP(%v): got %v, but port %d gets %v", addr, ip, port, got)
		}
	})
}

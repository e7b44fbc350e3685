package allocation_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/allocation"
)

func rules(t testing.TB, texts ...string) (rules []allocation.Rule) {
	t.Helper()
	for _, text := range texts {
		rule, err := allocation.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule)
	}
	return rules
}

func deny(rule allocation.RuleName) allocation.Verdict {
	return allocation.Verdict{Decision: allocation.Deny, Rule: rule}
}

func allow(rule allocation.RuleName) allocation.Verdict {
	return allocation.Verdict{Decision: allocation.Allow, Rule: rule}
}

func byPort(rule allocation.RuleName) allocation.Verdict {
	return allocation.Verdict{Decision: allocation.ByPort, Rule: rule}
}

// Every row of SECURITY.md about addresses, and the ranges of SPEC section 3,
// under the default policy.
func TestDefaultPolicy(t *testing.T) {
	policy := allocation.NewPolicy(allocation.PolicyConfig{})
	tests := []struct {
		name string
		addr string
		want allocation.Verdict
	}{
		{"public IPv4", "8.8.8.8", allow(allocation.RuleNone)},
		{"public IPv6", "2a00:1450:4001::1", allow(allocation.RuleNone)},
		{"public, mapped", "::ffff:8.8.8.8", allow(allocation.RuleNone)},

		{"CVE-2018-4058: loopback", "127.0.0.1", deny(allocation.RuleLoopback)},
		{"CVE-2018-4058: loopback, last", "127.255.255.255", deny(allocation.RuleLoopback)},
		{"CVE-2018-4058: ::1", "::1", deny(allocation.RuleLoopback)},
		{"CVE-2020-26262: 0.0.0.0", "0.0.0.0", deny(allocation.RuleUnspecified)},
		{"CVE-2020-26262: 0/8", "0.1.2.3", deny(allocation.RuleThisHost)},
		{"CVE-2020-26262: ::", "::", deny(allocation.RuleUnspecified)},
		{"CVE-2026-27624: mapped loopback", "::ffff:127.0.0.1", deny(allocation.RuleLoopback)},
		{"CVE-2026-27624: mapped unspecified", "::ffff:0.0.0.0", deny(allocation.RuleUnspecified)},
		{"CVE-2026-27624: mapped private", "::ffff:192.168.1.1", deny(allocation.RulePrivate)},
		{"CVE-2026-53450: mapped loopback in hex", "::ffff:7f00:1", deny(allocation.RuleLoopback)},
		{"#1945: 6to4", "2002:7f00:1::1", deny(allocation.RuleLoopback)},
		{"#1945: NAT64", "64:ff9b::10.0.0.1", deny(allocation.RulePrivate)},
		{"#1945: compatible", "::10.0.0.1", deny(allocation.RulePrivate)},
		{"#1945: local-use NAT64", "64:ff9b:1::10.0.0.1", deny(allocation.RulePrivate)},
		{"#1945: local-use NAT64 of a /48", "64:ff9b:1:a00:0:100::", deny(allocation.RuleTranslation)},
		{"#1945: local-use NAT64 of a /64, public suffix", "64:ff9b:1:0:a:0:108:808", deny(allocation.RuleTranslation)},
		{"#1945: Teredo", "2001:0:4136:e378:8000:63bf:f5ff:fffe", deny(allocation.RulePrivate)},
		{"Teredo of a public address that looks like ISATAP", "2001:0:4136:e378:0:5efe:f7f7:f7f7", allow(allocation.RuleNone)},
		{"#1945: ISATAP", "2a00:1450::5efe:10.0.0.1", deny(allocation.RulePrivate)},
		{"#1945: ISATAP, universal bit", "2a00:1450::200:5efe:10.0.0.1", deny(allocation.RulePrivate)},
		{"ISATAP of a public address", "2a00:1450::5efe:8.8.8.8", allow(allocation.RuleNone)},
		{"ISATAP does not open a prefix: link-local", "fe80::5efe:8.8.8.8", deny(allocation.RuleLinkLocal)},
		{"ISATAP does not open a prefix: unique-local", "fd00::200:5efe:8.8.8.8", deny(allocation.RuleUniqueLocal)},
		{"ISATAP does not open a prefix: multicast", "ff02::5efe:8.8.8.8", deny(allocation.RuleMulticast)},
		{"#1947: metadata", "169.254.169.254", deny(allocation.RuleLinkLocal)},
		{"#1947: metadata, mapped", "::ffff:169.254.169.254", deny(allocation.RuleLinkLocal)},
		{"#1947: metadata over IPv6", "fd00:ec2::254", deny(allocation.RuleUniqueLocal)},
		{"#1947: metadata of Oracle and Alibaba", "100.100.100.200", deny(allocation.RuleSharedAddress)},
		{"#1947: link-local", "fe80::1", deny(allocation.RuleLinkLocal)},
		{"#1947: link-local with zone", "fe80::1%eth0", deny(allocation.RuleLinkLocal)},
		{"#1947: site-local", "fec0::1", deny(allocation.RuleSiteLocal)},
		{"6c13608c: across byte borders, below", "100.63.255.255", allow(allocation.RuleNone)},
		{"6c13608c: across byte borders, first", "100.64.0.0", deny(allocation.RuleSharedAddress)},
		{"6c13608c: across byte borders, inside", "100.100.0.255", deny(allocation.RuleSharedAddress)},
		{"6c13608c: across byte borders, last", "100.127.255.255", deny(allocation.RuleSharedAddress)},
		{"6c13608c: across byte borders, above", "100.128.0.0", allow(allocation.RuleNone)},
		{"private 172.16/12, last", "172.31.255.255", deny(allocation.RulePrivate)},
		{"beyond 172.16/12", "172.32.0.0", allow(allocation.RuleNone)},
		{"multicast", "224.0.0.1", deny(allocation.RuleMulticast)},
		{"multicast IPv6", "ff02::1", deny(allocation.RuleMulticast)},
		{"reserved", "240.0.0.1", deny(allocation.RuleReserved)},
		{"broadcast", "255.255.255.255", deny(allocation.RuleBroadcast)},
		{"no address", "", deny(allocation.RuleUnspecified)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var addr netip.Addr
			if test.addr != "" {
				addr = netip.MustParseAddr(test.addr)
			}
			if got := policy.CheckIP(addr); got != test.want {
				t.Errorf("CheckIP(%v): got %v, want %v", addr, got, test.want)
			}
			if got := policy.Check(netip.AddrPortFrom(addr, 443)); got != test.want {
				t.Errorf("Check(%v, 443): got %v, want %v", addr, got, test.want)
			}
		})
	}
}

func TestConfiguredRules(t *testing.T) {
	tests := []struct {
		name                   string
		protected, deny, allow []string
		addr                   string
		ip                     allocation.Verdict
		ports                  map[uint16]allocation.Verdict
	}{
		{
			name: "deny a public range", deny: []string{"8.8.8.0/24"}, addr: "8.8.8.8",
			ip: deny(allocation.RuleDeny),
		}, {
			name: "allow opens a built-in range", allow: []string{"10.0.0.0/8"}, addr: "10.1.2.3",
			ip: allow(allocation.RuleAllow),
		}, {
			name: "deny wins over allow", allow: []string{"10.1.2.3"}, deny: []string{"10.0.0.0/8"}, addr: "10.1.2.3",
			ip: deny(allocation.RuleDeny),
		}, {
			name: "protected wins over allow", allow: []string{"0.0.0.0/0"}, protected: []string{"10.1.2.3"}, addr: "10.1.2.3",
			ip: deny(allocation.RuleProtected),
		}, {
			name: "protected names itself before deny", deny: []string{"10.1.2.3"}, protected: []string{"10.0.0.0/8"}, addr: "10.1.2.3",
			ip: deny(allocation.RuleProtected),
		}, {
			name: "a protected port", protected: []string{"8.8.8.8 port 5432"}, addr: "8.8.8.8",
			ip: byPort(allocation.RuleProtected),
			ports: map[uint16]allocation.Verdict{
				5431: allow(allocation.RuleNone), 5432: deny(allocation.RuleProtected), 5433: allow(allocation.RuleNone),
			},
		}, {
			name: "allow ports in a built-in range: only these", allow: []string{"10.0.0.0/8 port 5000-5999"}, addr: "10.1.2.3",
			ip: byPort(allocation.RulePrivate),
			ports: map[uint16]allocation.Verdict{
				0: deny(allocation.RulePortZero), 4999: deny(allocation.RulePrivate), 5000: allow(allocation.RuleAllow),
				5999: allow(allocation.RuleAllow), 6000: deny(allocation.RulePrivate),
			},
		}, {
			name: "deny low ports everywhere", deny: []string{"0.0.0.0/0 port 1-1023"}, addr: "8.8.8.8",
			ip: byPort(allocation.RuleDeny),
			ports: map[uint16]allocation.Verdict{
				0: deny(allocation.RulePortZero), 1: deny(allocation.RuleDeny),
				1023: deny(allocation.RuleDeny), 1024: allow(allocation.RuleNone),
			},
		}, {
			name: "deny low ports in a built-in range stays denied", deny: []string{"0.0.0.0/0 port 1-1023"}, addr: "10.1.2.3",
			ip: deny(allocation.RuleDeny),
			ports: map[uint16]allocation.Verdict{
				1023: deny(allocation.RuleDeny), 1024: deny(allocation.RulePrivate),
			},
		}, {
			name: "deny in parts that make up the whole", deny: []string{"8.8.8.0/24 port 1-1023", "8.0.0.0/8 port 1000-65535"}, addr: "8.8.8.8",
			ip:    deny(allocation.RuleDeny),
			ports: map[uint16]allocation.Verdict{0: deny(allocation.RulePortZero), 1: deny(allocation.RuleDeny), 65535: deny(allocation.RuleDeny)},
		}, {
			name: "shorter prefixes add to longer ones", deny: []string{"10.0.0.0/8 port 22"}, allow: []string{"10.1.0.0/16"}, addr: "10.1.2.3",
			ip: byPort(allocation.RuleDeny),
			ports: map[uint16]allocation.Verdict{
				21: allow(allocation.RuleAllow), 22: deny(allocation.RuleDeny), 23: allow(allocation.RuleAllow),
			},
		}, {
			name: "deny a hole into allowed ports", deny: []string{"10.0.0.0/8 port 150"}, allow: []string{"10.0.0.0/8 port 100-200"}, addr: "10.1.2.3",
			ip: byPort(allocation.RuleDeny),
			ports: map[uint16]allocation.Verdict{
				99: deny(allocation.RulePrivate), 100: allow(allocation.RuleAllow), 149: allow(allocation.RuleAllow),
				150: deny(allocation.RuleDeny), 151: allow(allocation.RuleAllow), 201: deny(allocation.RulePrivate),
			},
		}, {
			name: "unspecified stays impossible", allow: []string{"0.0.0.0/0", "0.0.0.0"}, addr: "0.0.0.0",
			ip: deny(allocation.RuleUnspecified),
		}, {
			name: "the rest of 0/8 can be opened", allow: []string{"0.0.0.0/8"}, addr: "0.0.0.1",
			ip: allow(allocation.RuleAllow),
		}, {
			name: "unspecified IPv6 stays impossible", allow: []string{"::/0", "::"}, addr: "::",
			ip: deny(allocation.RuleUnspecified),
		}, {
			name: "multicast stays impossible", allow: []string{"0.0.0.0/0", "224.0.0.5"}, addr: "224.0.0.5",
			ip: deny(allocation.RuleMulticast),
		}, {
			name: "multicast IPv6 stays impossible", allow: []string{"::/0", "ff02::1"}, addr: "ff02::1",
			ip: deny(allocation.RuleMulticast),
		}, {
			name: "broadcast stays impossible", allow: []string{"255.255.255.255"}, addr: "255.255.255.255",
			ip: deny(allocation.RuleBroadcast),
		}, {
			name: "an encoded rule holds for the address", deny: []string{"::ffff:8.8.8.0/120"}, addr: "8.8.8.8",
			ip: deny(allocation.RuleDeny),
		}, {
			name: "an IPv6 rule around encodings is about IPv6", deny: []string{"::/0"}, addr: "64:ff9b::8.8.8.8",
			ip: allow(allocation.RuleNone),
		}, {
			name: "a network's own NAT64 prefix can be opened", allow: []string{"64:ff9b:1:a::/64"}, addr: "64:ff9b:1:a::808:808",
			ip: allow(allocation.RuleAllow),
		}, {
			name: "ISATAP needs both addresses allowed", allow: []string{"fd00::/8"}, addr: "fd00::5efe:127.0.0.1",
			ip: deny(allocation.RuleLoopback),
		}, {
			name: "ISATAP does not evade a denied prefix", deny: []string{"2a00:1450::/32"}, addr: "2a00:1450::5efe:8.8.8.8",
			ip: deny(allocation.RuleDeny),
		}, {
			name: "ISATAP by port", deny: []string{"8.8.8.8 port 53", "2a00:1450::/32 port 22"}, addr: "2a00:1450::5efe:8.8.8.8",
			ip: byPort(allocation.RuleDeny),
			ports: map[uint16]allocation.Verdict{
				53: deny(allocation.RuleDeny), 22: deny(allocation.RuleDeny), 80: allow(allocation.RuleNone),
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			policy := allocation.NewPolicy(allocation.PolicyConfig{
				Protected: rules(t, test.protected...), Deny: rules(t, test.deny...), Allow: rules(t, test.allow...),
			})
			addr := netip.MustParseAddr(test.addr)
			if got := policy.CheckIP(addr); got != test.ip {
				t.Errorf("CheckIP(%v): got %v, want %v", addr, got, test.ip)
			}
			if test.ports == nil {
				test.ports = map[uint16]allocation.Verdict{1: test.ip, 443: test.ip, 65535: test.ip}
			}
			for port, want := range test.ports {
				if got := policy.Check(netip.AddrPortFrom(addr, port)); got != want {
					t.Errorf("Check(%v, %d): got %v, want %v", addr, port, got, want)
				}
			}
		})
	}
}

// Own addresses: reachable only where an allocation lives, whatever range they
// lie in, except on loopback.
func TestOwnAddresses(t *testing.T) {
	own := map[netip.Addr]bool{}
	for _, text := range []string{"8.8.8.8", "10.0.0.1", "127.0.0.1", "2a00::1"} {
		own[netip.MustParseAddr(text)] = true
	}
	config := allocation.PolicyConfig{
		Protected: rules(t, "8.8.8.8 port 3478"),
		Own:       func(addr netip.Addr) bool { return own[addr] },
		Live: func(peer netip.AddrPort) bool {
			return own[peer.Addr()] && (peer.Port() == 50000 || peer.Port() == 3478)
		},
	}
	opened := config
	opened.Allow = rules(t, "127.0.0.0/8")
	without := config
	without.Live = nil
	tests := []struct {
		name   string
		config allocation.PolicyConfig
		addr   string
		ip     allocation.Verdict
		ports  map[uint16]allocation.Verdict
	}{
		{"public", config, "8.8.8.8", byPort(allocation.RuleProtected), map[uint16]allocation.Verdict{
			22: deny(allocation.RuleOwnAddress), 50000: allow(allocation.RuleOwnAddress), 3478: deny(allocation.RuleProtected),
		}},
		{"public, mapped", config, "::ffff:8.8.8.8", byPort(allocation.RuleProtected), map[uint16]allocation.Verdict{
			22: deny(allocation.RuleOwnAddress), 50000: allow(allocation.RuleOwnAddress),
		}},
		{"IPv6", config, "2a00::1", byPort(allocation.RuleOwnAddress), map[uint16]allocation.Verdict{
			22: deny(allocation.RuleOwnAddress), 50000: allow(allocation.RuleOwnAddress),
		}},
		{"private", config, "10.0.0.1", byPort(allocation.RuleOwnAddress), map[uint16]allocation.Verdict{
			22: deny(allocation.RuleOwnAddress), 50000: allow(allocation.RuleOwnAddress),
		}},
		{"private neighbour", config, "10.0.0.2", deny(allocation.RulePrivate), map[uint16]allocation.Verdict{
			50000: deny(allocation.RulePrivate),
		}},
		{"loopback", config, "127.0.0.1", deny(allocation.RuleLoopback), map[uint16]allocation.Verdict{
			50000: deny(allocation.RuleLoopback),
		}},
		{"loopback opened", opened, "127.0.0.1", allow(allocation.RuleAllow), map[uint16]allocation.Verdict{
			22: allow(allocation.RuleAllow), 50000: allow(allocation.RuleAllow),
		}},
		{"nothing is live", without, "10.0.0.1", deny(allocation.RuleOwnAddress), map[uint16]allocation.Verdict{
			50000: deny(allocation.RuleOwnAddress),
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			policy, addr := allocation.NewPolicy(test.config), netip.MustParseAddr(test.addr)
			if got := policy.CheckIP(addr); got != test.ip {
				t.Errorf("CheckIP(%v): got %v, want %v", addr, got, test.ip)
			}
			for port, want := range test.ports {
				if got := policy.Check(netip.AddrPortFrom(addr, port)); got != want {
					t.Errorf("Check(%v, %d): got %v, want %v", addr, port, got, want)
				}
			}
		})
	}
}

// Rules that the program makes itself, of listeners and back-ends, need no
// canonical form; a prefix that means nothing exact is a defect.
func TestRulesFromAddresses(t *testing.T) {
	protect := func(prefix string) *allocation.Policy {
		return allocation.NewPolicy(allocation.PolicyConfig{
			Allow:     rules(t, "0.0.0.0/0", "::/0"),
			Protected: []allocation.Rule{{Prefix: netip.MustParsePrefix(prefix)}},
		})
	}
	for _, prefix := range []string{"10.0.0.1/32", "::ffff:10.0.0.1/128", "2002:a00:1::5/128", "10.0.0.1/24"} {
		if got := protect(prefix).CheckIP(netip.MustParseAddr("10.0.0.1")); got != deny(allocation.RuleProtected) {
			t.Errorf("protected %s: got %v for 10.0.0.1, want deny", prefix, got)
		}
	}
	mustPanic(t, func() { protect("2002::/16") })
	mustPanic(t, func() { allocation.NewPolicy(allocation.PolicyConfig{Deny: []allocation.Rule{{}}}) })
}

func TestPolicyNames(t *testing.T) {
	seen := map[string]bool{}
	for rule := range allocation.NumRuleNames {
		name := rule.String()
		if name == "" || name == "unknown" || seen[name] {
			t.Errorf("rule %d: got name %q, want a name of its own", rule, name)
		}
		seen[name] = true
	}
	if got := allocation.NumRuleNames.String(); got != "unknown" {
		t.Errorf("beyond the last rule: got %q, want unknown", got)
	}
	if got := fmt.Sprint(allocation.Deny, allocation.ByPort, allocation.Allow, allocation.Decision(9)); got != "deny by_port allow unknown" {
		t.Errorf("decisions: got %q", got)
	}
	if (allocation.Verdict{}).Decision != allocation.Deny {
		t.Error("the zero verdict does not deny")
	}
}

package allocation

import (
	"net/netip"

	"github.com/gaissmai/bart"
)

// specialRange is a built-in rule. The longest prefix that covers an address
// decides; RuleNone opens a part of a longer denied one.
type specialRange struct {
	prefix string
	rule   RuleName
}

// specialRanges returns the ranges of the IANA IPv4 and IPv6 Special-Purpose
// Address Registries (RFC 6890) that are not globally reachable, and what else
// no peer on the Internet has. Encodings of IPv4 do not appear: no canonical
// address lies there.
func specialRanges() []specialRange {
	return []specialRange{
		{"0.0.0.0/0", RuleNone},
		{"0.0.0.0/8", RuleThisHost},
		{"0.0.0.0/32", RuleUnspecified},
		{"10.0.0.0/8", RulePrivate},
		{"100.64.0.0/10", RuleSharedAddress},
		{"127.0.0.0/8", RuleLoopback},
		{"169.254.0.0/16", RuleLinkLocal}, // 169.254.169.254: metadata services
		{"172.16.0.0/12", RulePrivate},
		{"192.0.0.0/24", RuleProtocol},
		{"192.0.2.0/24", RuleDocumentation},
		{"192.88.99.0/24", RuleRelayAnycast},
		{"192.168.0.0/16", RulePrivate},
		{"198.18.0.0/15", RuleBenchmarking},
		{"198.51.100.0/24", RuleDocumentation},
		{"203.0.113.0/24", RuleDocumentation},
		{"224.0.0.0/4", RuleMulticast},
		{"240.0.0.0/4", RuleReserved},
		{"255.255.255.255/32", RuleBroadcast},

		// Only 2000::/3 is given out as global unicast addresses.
		{"::/0", RuleReserved},
		{"2000::/3", RuleNone},
		{"::/128", RuleUnspecified},
		{"::1/128", RuleLoopback},
		{"64:ff9b:1::/48", RuleTranslation},
		{"100::/64", RuleDiscard},
		{"100:0:0:1::/64", RuleDiscard},
		{"2001::/23", RuleProtocol},
		{"2001:2::/48", RuleBenchmarking},
		{"2001:10::/28", RuleOverlay},
		{"2001:20::/28", RuleOverlay},
		{"2001:db8::/32", RuleDocumentation},
		{"3fff::/20", RuleDocumentation},
		{"fc00::/7", RuleUniqueLocal}, // fd00:ec2::254: a metadata service
		{"fe80::/10", RuleLinkLocal},
		{"fec0::/10", RuleSiteLocal},
		{"ff00::/8", RuleMulticast},
	}
}

func specialTable() *bart.Table[RuleName] {
	table := new(bart.Table[RuleName])
	for _, s := range specialRanges() {
		table.Insert(netip.MustParsePrefix(s.prefix), s.rule)
	}
	return table
}

// isImpossible reports whether the ranges of a built-in rule stay closed
// whatever is configured: nothing there is one peer that could answer.
func isImpossible(rule RuleName) bool {
	return rule == RuleUnspecified || rule == RuleMulticast || rule == RuleBroadcast
}

package allocation

// RuleName says which rule decided about a peer; it indexes counters.
type RuleName uint8

// The rules, the built-in ones by the purpose of the range.
const (
	RuleNone          RuleName = iota // no rule: allowed
	RuleProtected                     // PolicyConfig.Protected
	RuleDeny                          // PolicyConfig.Deny
	RuleAllow                         // PolicyConfig.Allow
	RuleOwnAddress                    // an own address: only ports of live allocations
	RulePortZero                      // no datagram can be sent to port 0
	RuleUnspecified                   // 0.0.0.0, ::, and what is no address
	RuleMulticast                     // 224.0.0.0/4, ff00::/8
	RuleBroadcast                     // 255.255.255.255
	RuleThisHost                      // 0.0.0.0/8
	RuleLoopback                      // 127.0.0.0/8, ::1
	RulePrivate                       // RFC 1918
	RuleSharedAddress                 // 100.64.0.0/10, carrier-grade NAT (RFC 6598)
	RuleLinkLocal                     // 169.254.0.0/16, fe80::/10
	RuleUniqueLocal                   // fc00::/7
	RuleSiteLocal                     // fec0::/10
	RuleProtocol                      // IETF protocol assignments
	RuleDocumentation                 // RFC 5737, RFC 3849, RFC 9637
	RuleBenchmarking                  // RFC 2544, RFC 5180
	RuleRelayAnycast                  // 192.88.99.0/24, 6to4 relays (RFC 7526)
	RuleTranslation                   // 64:ff9b:1::/48, local-use NAT64 (RFC 8215)
	RuleDiscard                       // 100::/64 (RFC 6666), 100:0:0:1::/64 (RFC 9780)
	RuleOverlay                       // ORCHID (RFC 4843, RFC 7343)
	RuleReserved                      // 240.0.0.0/4, and IPv6 outside of 2000::/3
	NumRuleNames
)

// String returns the name used in metrics and logs.
func (r RuleName) String() string {
	names := [NumRuleNames]string{
		RuleNone:          "none",
		RuleProtected:     "protected",
		RuleDeny:          "deny",
		RuleAllow:         "allow",
		RuleOwnAddress:    "own_address",
		RulePortZero:      "port_zero",
		RuleUnspecified:   "unspecified",
		RuleMulticast:     "multicast",
		RuleBroadcast:     "broadcast",
		RuleThisHost:      "this_host",
		RuleLoopback:      "loopback",
		RulePrivate:       "private",
		RuleSharedAddress: "shared_address",
		RuleLinkLocal:     "link_local",
		RuleUniqueLocal:   "unique_local",
		RuleSiteLocal:     "site_local",
		RuleProtocol:      "ietf_protocol",
		RuleDocumentation: "documentation",
		RuleBenchmarking:  "benchmarking",
		RuleRelayAnycast:  "relay_anycast",
		RuleTranslation:   "translation",
		RuleDiscard:       "discard",
		RuleOverlay:       "overlay",
		RuleReserved:      "reserved",
	}
	if r >= NumRuleNames {
		return "unknown"
	}
	return names[r]
}

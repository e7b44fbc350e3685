package allocation

import (
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// ruling is everything the rules say about the addresses of one prefix that no
// longer prefix covers, so that one look-up answers. Building it once makes
// overlapping prefixes and port ranges free to use.
type ruling struct {
	ports   []portRange // configured, ascending and disjoint
	special RuleName    // for the other ports; RuleNone: none denies them
}

// portRange is a verdict for the ports first to last.
type portRange struct {
	first, last uint16
	verdict     Verdict
}

// allPorts counts the ports that a peer can have: all but port 0.
const allPorts = 65535

// buildRulings computes the ruling of every prefix that a rule names.
func buildRulings(c PolicyConfig) *bart.Table[*ruling] {
	special, configured := specialTable(), configuredTable(c)
	rulings := new(bart.Table[*ruling])
	for prefix, rule := range special.All() {
		rulings.Insert(prefix, &ruling{special: rule})
	}
	for prefix := range configured.All() {
		rule, _ := special.LookupPrefix(prefix)
		rulings.Insert(prefix, &ruling{special: rule})
	}
	for prefix, r := range rulings.All() {
		var rules []portRange
		for _, more := range configured.Supernets(prefix) {
			rules = append(rules, more...)
		}
		r.ports = flatten(rules)
	}
	return rulings
}

// configuredTable collects the configured rules by prefix.
func configuredTable(c PolicyConfig) *bart.Table[[]portRange] {
	table := new(bart.Table[[]portRange])
	add := func(rules []Rule, verdict Verdict) {
		for _, r := range rules {
			entry := portRange{r.MinPort, r.MaxPort, verdict}
			if r.everyPort() {
				entry.first, entry.last = 1, allPorts
			}
			prefix := mustCanonicalPrefix(r.Prefix)
			there, _ := table.Get(prefix)
			table.Insert(prefix, append(there, entry))
		}
	}
	add(c.Protected, Verdict{Deny, RuleProtected})
	add(c.Deny, Verdict{Deny, RuleDeny})
	add(c.Allow, Verdict{Allow, RuleAllow})
	return table
}

// mustCanonicalPrefix admits any single address, such as that of a listener,
// and prefixes that ParseRule would admit.
func mustCanonicalPrefix(p netip.Prefix) netip.Prefix {
	if p.IsSingleIP() {
		addr := Canonical(p.Addr())
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	canonical, err := canonicalPrefix(p)
	if err != nil || !p.IsValid() {
		panic("allocation: rule with a prefix that ParseRule refuses: " + p.String())
	}
	return canonical.Masked()
}

// flatten resolves overlapping ranges: for each port the smallest RuleName
// decides, which is protected before deny before allow.
func flatten(rules []portRange) []portRange {
	var cuts []int // where the set of rules that cover a port can change
	for _, r := range rules {
		cuts = append(cuts, int(r.first), int(r.last)+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var flat []portRange
	for i := 1; i < len(cuts); i++ {
		first, last := uint16(cuts[i-1]), uint16(cuts[i]-1)
		verdict := Verdict{Rule: NumRuleNames}
		for _, r := range rules {
			if r.first <= first && last <= r.last && r.verdict.Rule < verdict.Rule {
				verdict = r.verdict
			}
		}
		switch n := len(flat); {
		case verdict.Rule == NumRuleNames:
		case n > 0 && flat[n-1].verdict == verdict && flat[n-1].last == first-1:
			flat[n-1].last = last
		default:
			flat = append(flat, portRange{first, last, verdict})
		}
	}
	return flat
}

// configured returns what the configured rules say about one port.
func (r *ruling) configured(port uint16) (Verdict, bool) {
	for i := range r.ports {
		if r.ports[i].first <= port && port <= r.ports[i].last {
			return r.ports[i].verdict, true
		}
	}
	return Verdict{}, false
}

package allocation

import (
	"net/netip"

	"github.com/gaissmai/bart"
)

// Decision is what a Policy says about a peer. The zero value denies.
type Decision uint8

// The decisions, the strictest first.
const (
	Deny   Decision = iota
	ByPort          // of an IP address: some of its ports could be allowed
	Allow
)

// String returns the name used in logs.
func (d Decision) String() string {
	switch d {
	case Deny:
		return "deny"
	case ByPort:
		return "by_port"
	case Allow:
		return "allow"
	}
	return "unknown"
}

// Verdict is a decision and the rule behind it. Behind ByPort stands the first
// rule that may deny.
type Verdict struct {
	Decision Decision
	Rule     RuleName
}

// PolicyConfig is what a Policy is made of.
type PolicyConfig struct {
	// Allow and Deny are the operator's lists.
	Allow, Deny []Rule
	// Protected is always denied: own listeners, administration, back-ends.
	Protected []Rule
	// Own reports whether a canonical address is one of the server's own; nil:
	// none is. Live and LiveTCP report whether a live allocation, for UDP or for
	// TCP, has that own transport address; nil: none has. All are called by any
	// thread and must not wait.
	Own           func(netip.Addr) bool
	Live, LiveTCP func(netip.AddrPort) bool
}

// Policy decides which peers may be reached. Rules look at the canonical form of
// an address only (see Canonical), so that every encoding of an address gets the
// same verdict. The first of these that has something to say about an address
// and port decides:
//
//  1. port 0, and unspecified, multicast and broadcast addresses: denied;
//  2. protected, then the operator's deny list: denied;
//  3. the operator's allow list: allowed;
//  4. own addresses: allowed at the port of a live allocation, otherwise denied.
//     Loopback addresses do not count as own here, so that a permission for one
//     always takes an entry in the allow list;
//  5. special-purpose ranges: denied;
//  6. anything else is allowed.
//
// An ISATAP address lies in a prefix of its own network and routes like any
// other, so it must be allowed both as IPv6 and by the IPv4 address inside.
//
// A Policy is immutable and safe for concurrent use.
type Policy struct {
	rulings       *bart.Table[*ruling]
	own           func(netip.Addr) bool
	live, liveTCP func(netip.AddrPort) bool
}

// NewPolicy compiles the rules. Those with more than one address must come from
// ParseRule; any other prefix that ParseRule would refuse panics.
func NewPolicy(c PolicyConfig) *Policy {
	return &Policy{rulings: buildRulings(c), own: c.Own, live: c.Live, liveTCP: c.LiveTCP}
}

// CheckIP judges a peer of which the port is not known, as in CreatePermission.
// After ByPort each datagram needs a Check.
func (p *Policy) CheckIP(peer netip.Addr) Verdict {
	verdict := p.checkIP(Canonical(peer))
	if verdict.Decision != Deny && isISATAP(peer) {
		verdict = stricter(verdict, p.checkIP(peer.WithZone("")))
	}
	return verdict
}

// Check judges a peer's transport address for UDP. The decision is Allow or Deny.
func (p *Policy) Check(peer netip.AddrPort) Verdict { return p.checkEach(peer, p.live) }

// CheckTCP is Check for TCP, where the server's own addresses are peers at other
// ports.
func (p *Policy) CheckTCP(peer netip.AddrPort) Verdict { return p.checkEach(peer, p.liveTCP) }

// checkEach judges every address that a peer's stands for.
func (p *Policy) checkEach(peer netip.AddrPort, live func(netip.AddrPort) bool) Verdict {
	addr, port := peer.Addr(), peer.Port()
	verdict := p.check(Canonical(addr), port, live)
	if verdict.Decision != Deny && isISATAP(addr) {
		verdict = stricter(verdict, p.check(addr.WithZone(""), port, live))
	}
	return verdict
}

func (p *Policy) checkIP(addr netip.Addr) Verdict {
	r := p.ruling(addr)
	if isImpossible(r.special) {
		return Verdict{Deny, r.special}
	}
	if len(r.ports) == 0 {
		return p.unconfigured(addr, r)
	}
	verdict, covered := r.ports[0].verdict, 0
	for i := range r.ports {
		verdict = join(verdict, r.ports[i].verdict)
		covered += int(r.ports[i].last) - int(r.ports[i].first) + 1
	}
	if covered < allPorts {
		verdict = join(verdict, p.unconfigured(addr, r))
	}
	return verdict
}

func (p *Policy) check(addr netip.Addr, port uint16, live func(netip.AddrPort) bool) Verdict {
	r := p.ruling(addr)
	if isImpossible(r.special) {
		return Verdict{Deny, r.special}
	}
	if port == 0 {
		return Verdict{Deny, RulePortZero}
	}
	if verdict, ok := r.configured(port); ok {
		return verdict
	}
	verdict := p.unconfigured(addr, r)
	if verdict.Decision == ByPort {
		verdict.Decision = Deny
		if live != nil && live(netip.AddrPortFrom(addr, port)) {
			verdict.Decision = Allow
		}
	}
	return verdict
}

// unconfigured judges the ports of an address that no configured rule is about.
func (p *Policy) unconfigured(addr netip.Addr, r *ruling) Verdict {
	switch {
	case r.special != RuleLoopback && p.own != nil && p.own(addr):
		if p.live == nil {
			return Verdict{Deny, RuleOwnAddress}
		}
		return Verdict{ByPort, RuleOwnAddress}
	case r.special != RuleNone:
		return Verdict{Deny, r.special}
	}
	return Verdict{Allow, RuleNone}
}

// ruling finds the rules about a canonical address. What is no address at all
// matches no prefix.
func (p *Policy) ruling(addr netip.Addr) *ruling {
	if r, ok := p.rulings.Lookup(addr); ok {
		return r
	}
	return &ruling{special: RuleUnspecified}
}

// join is the verdict on an address of which some ports get x and some get y.
func join(x, y Verdict) Verdict {
	if x.Decision == y.Decision {
		return x
	}
	if x.Decision == Allow {
		x = y
	}
	return Verdict{ByPort, x.Rule}
}

// stricter is the verdict on a peer that must satisfy both.
func stricter(x, y Verdict) Verdict {
	if y.Decision < x.Decision {
		return y
	}
	return x
}

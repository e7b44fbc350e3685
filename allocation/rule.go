package allocation

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Rule is one entry of a list of peers: a prefix in canonical form and a range
// of ports. With both ports 0 it is about every port.
type Rule struct {
	Prefix           netip.Prefix
	MinPort, MaxPort uint16
}

const ruleSyntax = `write an address or a CIDR prefix, then optionally "port N" or "port N-M", such as "192.0.2.7", "10.0.0.0/8 port 1-1023" or "2001:db8::/32 port 443"`

// ParseRule reads "PREFIX", "PREFIX port N" or "PREFIX port N-M", where PREFIX
// is an address or a CIDR prefix.
//
// Peers are judged by their canonical address, so a prefix inside an encoding of
// IPv4 (say ::ffff:10.0.0.0/104) becomes the IPv4 prefix it stands for, and
// thereby holds for every encoding. One that stands for no single IPv4 prefix is
// refused. An IPv6 prefix around such an encoding (say 2000::/3) is about IPv6
// peers only.
func ParseRule(s string) (Rule, error) {
	rule, err := parseRule(s)
	if err != nil {
		return Rule{}, fmt.Errorf("parse rule %q: %w", s, err)
	}
	return rule, nil
}

// String returns the form that ParseRule reads.
func (r Rule) String() string {
	s := r.Prefix.String()
	if r.Prefix.IsSingleIP() {
		s = r.Prefix.Addr().String()
	}
	switch {
	case r.everyPort():
		return s
	case r.MinPort == r.MaxPort:
		return fmt.Sprintf("%s port %d", s, r.MinPort)
	}
	return fmt.Sprintf("%s port %d-%d", s, r.MinPort, r.MaxPort)
}

func (r Rule) everyPort() bool {
	return r.MinPort == 0 && r.MaxPort == 0
}

func parseRule(s string) (Rule, error) {
	fields := strings.Fields(s)
	if len(fields) != 1 && (len(fields) != 3 || fields[1] != "port") {
		return Rule{}, fmt.Errorf("not understood; %s", ruleSyntax)
	}
	prefix, err := parsePrefix(fields[0])
	if err != nil {
		return Rule{}, err
	}
	rule := Rule{Prefix: prefix}
	if len(fields) == 3 {
		if rule.MinPort, rule.MaxPort, err = parsePorts(fields[2]); err != nil {
			return Rule{}, err
		}
	}
	return rule, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "%") {
		return netip.Prefix{}, fmt.Errorf("zones have no meaning here; leave out %q", s[strings.Index(s, "%"):])
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return canonicalPrefix(netip.PrefixFrom(addr, addr.BitLen()))
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a CIDR prefix; %s", s, ruleSyntax)
	}
	if masked := prefix.Masked(); masked != prefix {
		return netip.Prefix{}, fmt.Errorf("the address has bits behind the prefix length; write %s for the whole prefix or %s for that one address", masked, prefix.Addr())
	}
	return canonicalPrefix(prefix)
}

func parsePorts(s string) (low, high uint16, err error) {
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	min, errMin := strconv.ParseUint(first, 10, 16)
	max, errMax := strconv.ParseUint(last, 10, 16)
	switch {
	case errMin != nil || errMax != nil || min == 0 || max == 0:
		return 0, 0, fmt.Errorf("%q is no port or range of ports; write numbers from 1 to 65535, such as 443 or 1-1023", s)
	case min > max:
		return 0, 0, fmt.Errorf("ports %s run backwards; write %d-%d", s, max, min)
	case min == 1 && max == 65535:
		return 0, 0, nil
	}
	return uint16(min), uint16(max), nil
}

// canonicalPrefix returns the prefix that holds the canonical form of every
// address in p, if p stands for exactly that.
func canonicalPrefix(p netip.Prefix) (netip.Prefix, error) {
	if p.Addr() == netip.IPv6Unspecified() && p.Bits() >= 96 && p.Bits() < 127 {
		return netip.Prefix{}, fmt.Errorf("%s mixes IPv4-compatible addresses with :: and ::1; write the IPv4 prefix, and :: and ::1 apart", p)
	}
	e, ok := encodingOf(p.Addr())
	if !ok || p.Bits() < e.bits {
		return p, nil
	}
	v4 := e.unwrap(p.Addr())
	switch {
	case p.Bits() <= e.from:
		return netip.Prefix{}, fmt.Errorf("%s holds every IPv4 address in %s form, and such a peer is judged by its IPv4 address; write the IPv4 prefixes that are meant, or 0.0.0.0/0 for all", p, e.name)
	case p.Bits() > e.from+32:
		return netip.Prefix{}, fmt.Errorf("%s is a part of the %s addresses of %s, which are all judged as that address; write %s", p, e.name, v4, v4)
	}
	return netip.PrefixFrom(v4, p.Bits()-e.from).Masked(), nil
}

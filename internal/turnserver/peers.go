package turnserver

import (
	"net/netip"
	"slices"
	"strings"
)

// span is a range of addresses of one family, both ends included.
type span struct{ first, last netip.Addr }

// peerLists is what a file says about peers.
type peerLists struct {
	allowed, denied []span
	loopback        bool
}

// add takes an address, or a range "first-last".
func (p *peerLists) add(c *conversion, list *[]span, value string) {
	if strings.Contains(value, "?") {
		c.note("is for one realm: put it into allow_peers or deny_peers of that realm")
		return
	}
	from, to, isRange := strings.Cut(value, "-")
	if !isRange {
		to = from
	}
	first, err := netip.ParseAddr(strings.TrimSpace(from))
	last, err2 := netip.ParseAddr(strings.TrimSpace(to))
	if err != nil || err2 != nil || first.Is4() != last.Is4() || last.Less(first) {
		c.note("is neither an IP address nor a range of them: left out")
		return
	}
	*list = append(*list, span{first.Unmap().WithZone(""), last.Unmap().WithZone("")})
}

// writePeers fills peers. In coturn allowed wins over denied, here it is the other
// way round, so what is allowed is cut out of what is denied.
func (c *conversion) writePeers() {
	p := &c.peers
	denied := p.denied
	for _, allowed := range p.allowed {
		denied = excluding(denied, allowed)
	}
	for _, each := range denied {
		c.cfg.Peers.Deny = append(c.cfg.Peers.Deny, each.rules()...)
	}
	for _, each := range p.allowed {
		c.cfg.Peers.Allow = append(c.cfg.Peers.Allow, each.rules()...)
	}
	if p.loopback {
		c.cfg.Peers.Allow = append(c.cfg.Peers.Allow, "127.0.0.0/8", "::1")
	}
	for _, list := range []*[]string{&c.cfg.Peers.Allow, &c.cfg.Peers.Deny} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	c.notes = append(c.notes, Note{Text: "coturn lets clients reach private addresses (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10), this server does not: if there are peers, name their networks in peers.allow"})
}

// excluding cuts a span out of others.
func excluding(list []span, cut span) []span {
	var left []span
	for _, each := range list {
		if each.first.Is4() != cut.first.Is4() || each.last.Less(cut.first) || cut.last.Less(each.first) {
			left = append(left, each)
			continue
		}
		if each.first.Less(cut.first) {
			left = append(left, span{each.first, cut.first.Prev()})
		}
		if cut.last.Less(each.last) {
			left = append(left, span{cut.last.Next(), each.last})
		}
	}
	return left
}

// rules are the fewest prefixes that make up a span.
func (s span) rules() []string {
	var rules []string
	for at := s.first; at.IsValid() && !s.last.Less(at); {
		prefix := netip.PrefixFrom(at, at.BitLen())
		for prefix.Bits() > 0 {
			wider := netip.PrefixFrom(at, prefix.Bits()-1)
			if wider.Masked().Addr() != at || s.last.Less(lastOf(wider)) {
				break
			}
			prefix = wider
		}
		rules = append(rules, prefix.String())
		at = lastOf(prefix).Next()
	}
	return rules
}

// lastOf is the last address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for i := prefix.Bits(); i < prefix.Addr().BitLen(); i++ {
		bytes[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

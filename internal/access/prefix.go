package access

import (
	"errors"
	"fmt"
	"net/netip"
)

// mappedBits is the length of ::ffff:0:0/96, RFC 4291 section 2.5.5.2.
const mappedBits = 96

var errPrefix = errors.New(`must be an address or a prefix, such as "192.0.2.7", "192.0.2.0/24" or "2001:db8::/32"`)

// ParsePrefix reads an address, which stands for itself alone, or a CIDR prefix.
// IPv4-mapped ones become the IPv4 prefix that they stand for; an IPv6 prefix around
// those is about IPv6 clients only.
func ParsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, errors.New("must not have a zone: a client is judged by its address alone")
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errPrefix
	}
	if masked := prefix.Masked(); masked != prefix {
		return netip.Prefix{}, fmt.Errorf("has bits behind the length of the prefix: write %s for the whole prefix, or %s for that one address", masked, prefix.Addr())
	}
	if prefix.Addr().Is4In6() { // then it is not wider than mappedBits
		return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits), nil
	}
	return prefix, nil
}

// canonical is the form that addresses are judged in.
func canonical(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

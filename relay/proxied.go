package relay

import "net/netip"

// proxiesOf returns the only sources of a listening address, which may be one of
// those that a wildcard stands for; none: it is for clients.
func (c *Config) proxiesOf(addr netip.AddrPort) []netip.Prefix {
	if proxies := c.Proxies[addr]; len(proxies) > 0 {
		return proxies
	}
	any := netip.IPv4Unspecified()
	if addr.Addr().Is6() {
		any = netip.IPv6Unspecified()
	}
	return c.Proxies[netip.AddrPortFrom(any, addr.Port())]
}

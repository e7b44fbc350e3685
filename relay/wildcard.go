package relay

import (
	"net/netip"
	"slices"
)

// wanted returns the addresses that the listeners stand for on a host with
// these local addresses, and those left out. A wildcard listener stands for all
// of its family; IPv4 and IPv6 have a socket each.
func wanted(listeners []netip.AddrPort, local []netip.Addr) (addrs []netip.AddrPort, skipped []netip.Addr) {
	for _, listener := range listeners {
		if !listener.Addr().IsUnspecified() {
			addrs = append(addrs, listener)
			continue
		}
		for _, ip := range local {
			switch {
			case ip.Is4() != listener.Addr().Is4():
			case ip.Is6() && ip.IsLinkLocalUnicast():
				skipped = append(skipped, ip)
			default:
				addrs = append(addrs, netip.AddrPortFrom(ip, listener.Port()))
			}
		}
	}
	slices.SortFunc(addrs, netip.AddrPort.Compare)
	slices.SortFunc(skipped, netip.Addr.Compare)
	return slices.Compact(addrs), slices.Compact(skipped)
}

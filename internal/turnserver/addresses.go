package turnserver

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/internal/config"
)

// addresses is what a file says about relayed transport addresses.
type addresses struct {
	relays  []netip.Addr
	outside map[netip.Addr]netip.Addr // by local address
	all     netip.Addr                // of every local address of its family; may be invalid
	line    option                    // that says so
}

// relay takes a local address.
func (a *addresses) relay(c *conversion, value string) {
	ip, err := netip.ParseAddr(value)
	if err != nil {
		c.note("is no IP address: write it into relay.addresses by hand")
		return
	}
	a.relays = append(a.relays, ip.Unmap())
}

// external takes the address that a NAT shows, "public" or "public/private".
func (a *addresses) external(c *conversion, value string) {
	public, private, isMapped := strings.Cut(value, "/")
	outside, err := netip.ParseAddr(public)
	if err != nil {
		c.note("is no IP address: write it into relay.addresses by hand")
		return
	}
	if !isMapped {
		a.all, a.line = outside.Unmap(), c.now
		return
	}
	inside, err := netip.ParseAddr(private)
	if err != nil {
		c.note("has no private IP address behind the slash: left out")
		return
	}
	if a.outside == nil {
		a.outside = make(map[netip.Addr]netip.Addr)
	}
	a.outside[inside.Unmap()] = outside.Unmap()
	if !slices.Contains(a.relays, inside.Unmap()) {
		a.relays = append(a.relays, inside.Unmap())
	}
}

// writeAddresses fills relay.addresses.
func (c *conversion) writeAddresses() {
	a := &c.addresses
	relays := a.relays
	if len(relays) == 0 && a.all.IsValid() {
		relays = c.ports.ips // coturn relays from where it listens
	}
	isUsed := false
	for _, ip := range relays {
		entry := config.RelayAddress{Address: ip.String()}
		outside, found := a.outside[ip]
		if !found && a.all.IsValid() && a.all.Is4() == ip.Is4() {
			outside, found, isUsed = a.all, true, true
		}
		if found {
			entry.ExternalAddress = outside.String()
		}
		c.cfg.Relay.Addresses = append(c.cfg.Relay.Addresses, entry)
	}
	if a.all.IsValid() && !isUsed {
		c.now = a.line
		c.note("needs the local address that the NAT turns into it: add it to relay.addresses, with external_address %q", a.all)
		c.now = option{}
	}
}

// defaultFamily takes the address family of requests that name none.
func (c *conversion) defaultFamily(value string) {
	family, known := map[string]string{"ipv4": "ipv4", "ipv6": "ipv6", "keep": "client"}[strings.ToLower(value)]
	if !known {
		c.note("is none of ipv4, ipv6 and keep: left out")
		return
	}
	c.cfg.Relay.DefaultAddressFamily = family
}

package config

import (
	"fmt"
	"net/netip"
	"slices"
)

// Discovery holds the addresses of NAT behaviour discovery, RFC 5780.
type Discovery struct {
	Enabled       bool     `yaml:"enabled"`
	Addresses     []string `yaml:"addresses"`
	Port          int      `yaml:"port"`
	AlternatePort int      `yaml:"alternate_port"`
}

// DiscoveryPairs are the two addresses of each family that NAT behaviour
// discovery answers from; none when it is off.
func (c *Config) DiscoveryPairs() [][2]netip.Addr {
	if !c.Discovery.Enabled {
		return nil
	}
	var families [2][]netip.Addr
	for _, text := range c.Discovery.Addresses {
		addr := must(parseAddress(text))
		families[family(addr)] = append(families[family(addr)], addr)
	}
	var pairs [][2]netip.Addr
	for _, addresses := range families {
		if len(addresses) == 2 {
			pairs = append(pairs, [2]netip.Addr(addresses))
		}
	}
	return pairs
}

// DiscoveryPorts are the two ports of NAT behaviour discovery.
func (c *Config) DiscoveryPorts() [2]uint16 {
	return [2]uint16{uint16(c.Discovery.Port), uint16(c.Discovery.AlternatePort)}
}

// DiscoveryListeners are the transport addresses of NAT behaviour discovery that
// no listener names. They are listened on like those of the listeners.
func (c *Config) DiscoveryListeners() []netip.AddrPort {
	var named []netip.AddrPort
	for _, listener := range c.Listeners {
		if listener.IsDatagram() {
			named = append(named, listener.Bound())
		}
	}
	var missing []netip.AddrPort
	for _, pair := range c.DiscoveryPairs() {
		for _, addr := range pair {
			for _, port := range c.DiscoveryPorts() {
				if at := netip.AddrPortFrom(addr, port); !slices.Contains(named, at) {
					missing = append(missing, at)
				}
			}
		}
	}
	return missing
}

// family numbers the address families: 0 is IPv4, 1 is IPv6.
func family(addr netip.Addr) int {
	if addr.Is4() {
		return 0
	}
	return 1
}

// natDiscovery wants two addresses of a family and two ports: with less, the
// server could not answer from elsewhere (RFC 5780 section 6).
func (v *validator) natDiscovery() {
	d := v.config.Discovery
	v.between("nat_discovery.port", int64(d.Port), 1, 65535)
	v.between("nat_discovery.alternate_port", int64(d.AlternatePort), 1, 65535)
	if d.Port == d.AlternatePort {
		v.reject("nat_discovery.alternate_port", d.AlternatePort, "must differ from nat_discovery.port: answers have to come from another port")
	}
	var count [2]int
	var seen []netip.Addr
	for i, text := range d.Addresses {
		path := fmt.Sprintf("nat_discovery.addresses[%d]", i)
		addr, err := parseAddress(text)
		switch {
		case err != nil:
			v.reject(path, text, "%s", err)
			return
		case slices.Contains(seen, addr):
			v.reject(path, text, "stands in the list already: the two addresses of a family must differ")
			return
		}
		seen = append(seen, addr)
		count[family(addr)]++
	}
	if !d.Enabled {
		return
	}
	for i, name := range []string{"IPv4", "IPv6"} {
		if count[i] != 0 && count[i] != 2 {
			v.reject("nat_discovery.addresses", nil, "holds %d %s addresses: NAT behaviour discovery needs two of this host in each family that it serves", count[i], name)
		}
	}
	if len(seen) == 0 {
		v.reject("nat_discovery.enabled", d.Enabled, "needs two addresses of this host, in each family that it is to serve, in nat_discovery.addresses")
	}
}

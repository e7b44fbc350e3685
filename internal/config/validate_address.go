package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
)

var errAddressPort = errors.New(`must be an IP address and a port, such as "192.0.2.1:3478" or "[2001:db8::1]:3478"; for every address "0.0.0.0:3478" (IPv4) or "[::]:3478" (IPv6)`)

// parseAddressPort reads a transport address to listen on.
func parseAddressPort(text string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}, errAddressPort
	}
	return addr, plain(addr.Addr())
}

// parseAddress reads an address to relay from.
func parseAddress(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return netip.Addr{}, errors.New(`must be an IP address without a port, such as "192.0.2.1" or "2001:db8::1"`)
	case addr.IsUnspecified():
		return netip.Addr{}, errors.New("must be one certain address, not the wildcard")
	}
	return addr, plain(addr)
}

// plain refuses the forms of an address that no socket here is bound to.
func plain(addr netip.Addr) error {
	switch {
	case addr.Is4In6():
		return fmt.Errorf("is an IPv4 address in IPv6 form: write %s", addr.Unmap())
	case addr.Zone() != "":
		return errors.New("must not have a zone: link-local addresses cannot be served")
	case addr.IsMulticast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return errors.New("must be an address of one host, not multicast or broadcast")
	}
	return nil
}

// socketAddress is what two listeners cannot share. TCP and TLS are the same to
// the system, and so are UDP and DTLS.
type socketAddress struct {
	isDatagram bool
	addr       netip.AddrPort
}

func (v *validator) listeners() {
	if len(v.config.Listeners) == 0 {
		v.reject("listeners", nil, "holds no listener: clients could not reach the server")
	}
	taken := make(map[socketAddress]int)
	for i, listener := range v.config.Listeners {
		path := fmt.Sprintf("listeners[%d]", i)
		v.oneOf(path+".transport", listener.Transport, transportUDP, transportTCP, transportTLS, transportDTLS)
		v.tlsListener(path, listener)
		v.proxies(path, listener)
		v.passes(path, listener)
		addr, err := parseAddressPort(listener.Address)
		if err != nil {
			v.reject(path+".address", listener.Address, "%s", err)
			continue
		}
		if addr.Port() == 0 {
			v.reject(path+".address", listener.Address, "must have a port from 1 to 65535: clients need to know it")
			continue
		}
		if first, twice := taken[socketAddress{listener.IsDatagram(), addr}]; twice {
			v.reject(path+".address", listener.Address, "stands in listeners[%d] already", first)
			continue
		}
		taken[socketAddress{listener.IsDatagram(), addr}] = i
	}
	for i, listener := range v.config.Listeners {
		addr, err := parseAddressPort(listener.Address)
		if err != nil || addr.Addr().IsUnspecified() {
			continue
		}
		wildcard := netip.IPv4Unspecified()
		if addr.Addr().Is6() {
			wildcard = netip.IPv6Unspecified()
		}
		if all, covered := taken[socketAddress{listener.IsDatagram(), netip.AddrPortFrom(wildcard, addr.Port())}]; covered {
			v.reject(fmt.Sprintf("listeners[%d].address", i), listener.Address, "is covered by listeners[%d], which stands for every local address: keep one of the two", all)
		}
	}
}

// hostName is a DNS name of letters, digits, hyphens and dots.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,62}\.|[A-Za-z0-9-]{0,62}$)*\.?$`)

func (v *validator) publicHost() {
	host := v.config.PublicHost
	if host == "" || isHost(host) {
		return
	}
	v.reject("public_host", host, "must be a DNS name or an IP address, without scheme, brackets and port")
}

func isHost(text string) bool {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Zone() == ""
	}
	return len(text) <= 253 && hostName.MatchString(text)
}

func (v *validator) relay() {
	r := v.config.Relay
	taken := make(map[netip.Addr]string)
	claim := func(path string, addr netip.Addr) {
		if first, twice := taken[addr]; twice {
			v.reject(path, addr.String(), "stands in %s already", first)
			return
		}
		taken[addr] = path
	}
	for i, each := range r.Addresses {
		path := fmt.Sprintf("relay.addresses[%d]", i)
		local, err := parseAddress(each.Address)
		if err != nil {
			v.reject(path+".address", each.Address, "%s", err)
		} else {
			claim(path+".address", local)
		}
		if each.ExternalAddress == "" {
			continue
		}
		external, failed := parseAddress(each.ExternalAddress)
		switch {
		case failed != nil:
			v.reject(path+".external_address", each.ExternalAddress, "%s", failed)
		case err == nil && local.Is4() != external.Is4():
			v.reject(path+".external_address", each.ExternalAddress, "must be of the same address family as %s", local)
		case external != local:
			claim(path+".external_address", external)
		}
	}
	v.between("relay.min_port", int64(r.MinPort), 1, 65535)
	v.between("relay.max_port", int64(r.MaxPort), 1, 65535)
	if r.MinPort > r.MaxPort {
		v.reject("relay.max_port", r.MaxPort, "must not be less than relay.min_port, which is %d", r.MinPort)
	}
	v.oneOf("relay.default_address_family", r.DefaultAddressFamily, familyIPv4, familyIPv6, familyClient)
}

func (v *validator) monitoring() {
	text := v.config.Monitoring.Address
	if text == "" || text == addressOff {
		return
	}
	if _, err := parseAddressPort(text); err != nil {
		v.reject("monitoring.address", text, `must be off, or an IP address and a port, such as "127.0.0.1:9641"`)
	}
}

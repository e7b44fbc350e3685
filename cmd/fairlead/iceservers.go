package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/relay"
)

// turnURLs are the URLs (RFC 7065) that the clients of a realm reach the
// listeners by: those of UDP first, those of TLS last.
func turnURLs(cfg *config.Config, realm config.Realm) ([]string, error) {
	local, err := relay.NewLocalAddresses()
	if err != nil {
		return nil, err
	}
	return urlsOf(cfg, realm, local.All()), nil
}

// urlsOf is turnURLs on a host with these addresses.
func urlsOf(cfg *config.Config, realm config.Realm, local []netip.Addr) []string {
	var urls []string
	add := func(scheme, transport string, serves func(config.Listener) bool) {
		for _, addr := range reachable(cfg, serving(cfg, realm, serves), local) {
			host := addr.Addr().String()
			if cfg.PublicHost != "" {
				host = cfg.PublicHost
			}
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			if url := fmt.Sprintf("%s:%s:%d?transport=%s", scheme, host, addr.Port(), transport); !slices.Contains(urls, url) {
				urls = append(urls, url)
			}
		}
	}
	add("turn", "udp", config.Listener.IsUDP)
	add("turn", "tcp", config.Listener.IsTCP)
	// A name reaches the realm by every listener that takes TLS, or DTLS alone.
	for _, name := range realm.CanonicalServerNames() {
		for _, listener := range cfg.Listeners {
			transport := "tcp"
			if listener.IsDTLS() {
				transport = "udp"
			}
			if url := fmt.Sprintf("turns:%s:%d?transport=%s", name, listener.Bound().Port(), transport); !listener.IsUDP() && !slices.Contains(urls, url) {
				urls = append(urls, url)
			}
		}
	}
	if cfg.HasTLS() {
		add("turns", "tcp", func(l config.Listener) bool { return !l.IsDatagram() })
		// Browsers know no DTLS towards servers and take UDP for what it says, so
		// only a listener for DTLS alone is worth naming.
		add("turns", "udp", config.Listener.IsDTLS)
	}
	return urls
}

// serving are the addresses of the listeners of a realm that serve in some way.
func serving(cfg *config.Config, realm config.Realm, serves func(config.Listener) bool) []netip.AddrPort {
	var addresses []netip.AddrPort
	own := cfg.ListenersOf(realm)
	for _, listener := range cfg.Listeners {
		if serves(listener) && slices.Contains(own, listener.Bound()) {
			addresses = append(addresses, listener.Bound())
		}
	}
	return addresses
}

// reachable lists the addresses to put into URLs: the listeners with wildcards
// resolved, as they look from outside of a 1:1 NAT. Loopback addresses stand
// in when the wildcards stand for nothing else.
func reachable(cfg *config.Config, listeners []netip.AddrPort, local []netip.Addr) []netip.AddrPort {
	var addresses, loopback []netip.AddrPort
	for _, listener := range listeners {
		if !listener.Addr().IsUnspecified() {
			addresses = append(addresses, outside(cfg, listener))
			continue
		}
		for _, ip := range local {
			addr := netip.AddrPortFrom(ip, listener.Port())
			switch {
			case ip.Is4() != listener.Addr().Is4(), ip.IsLinkLocalUnicast():
			case ip.IsLoopback():
				loopback = append(loopback, addr)
			default:
				addresses = append(addresses, outside(cfg, addr))
			}
		}
	}
	if len(addresses) == 0 {
		return loopback
	}
	return addresses
}

// outside turns a local address into the one that its NAT shows, if any.
func outside(cfg *config.Config, addr netip.AddrPort) netip.AddrPort {
	for _, each := range cfg.Relay.Addresses {
		if each.Local() == addr.Addr() && each.External().IsValid() {
			return netip.AddrPortFrom(each.External(), addr.Port())
		}
	}
	return addr
}

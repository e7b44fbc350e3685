package config

import (
	"errors"
	"fmt"
	"net/netip"
)

// proxies checks who may name clients on a listener.
func (v *validator) proxies(path string, listener Listener) {
	switch {
	case !listener.ProxyProtocol && len(listener.TrustedProxies) > 0:
		v.reject(path+".trusted_proxies", nil, "counts only with proxy_protocol: true")
	case listener.ProxyProtocol && listener.IsDTLS():
		v.reject(path+".proxy_protocol", listener.ProxyProtocol, "is for the transports udp, tcp and tls")
	case listener.ProxyProtocol && len(listener.TrustedProxies) == 0:
		v.reject(path+".trusted_proxies", nil, "must list the proxies: whoever is in it can claim to be any client")
	}
	for i, text := range listener.TrustedProxies {
		if _, err := parseProxy(text); err != nil {
			v.reject(fmt.Sprintf("%s.trusted_proxies[%d]", path, i), text, "%s", err)
		}
	}
}

var errProxy = errors.New(`must be an address or a prefix, such as "192.0.2.7" or "192.0.2.0/24"`)

// parseProxy reads the address of a proxy, or the prefix of several.
func parseProxy(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if plain(addr) != nil {
			return netip.Prefix{}, errProxy
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix != prefix.Masked() || prefix.Addr().Is4In6() {
		return netip.Prefix{}, errProxy
	}
	return prefix, nil
}

// Proxies are the only sources of a listener with proxy_protocol; none without.
func (l Listener) Proxies() []netip.Prefix {
	var proxies []netip.Prefix
	for _, text := range l.TrustedProxies {
		proxies = append(proxies, must(parseProxy(text)))
	}
	return proxies
}

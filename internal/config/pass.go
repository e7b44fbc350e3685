package config

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/fairlead/fairlead/relay"
)

// passes checks what a listener passes on to a backend.
func (v *validator) passes(path string, listener Listener) {
	if listener.PassTo == "" {
		if len(listener.PassServerNames) > 0 {
			v.reject(path+".pass_server_names", nil, "counts only with pass_to")
		}
		if listener.PassProxyProtocol {
			v.reject(path+".pass_proxy_protocol", listener.PassProxyProtocol, "counts only with pass_to")
		}
		return
	}
	if listener.IsDatagram() {
		v.reject(path+".pass_to", listener.PassTo, "is for the transports tcp and tls")
	}
	backend, err := parseAddressPort(listener.PassTo)
	switch {
	case err != nil || backend.Addr().IsUnspecified() || backend.Port() == 0:
		v.reject(path+".pass_to", listener.PassTo, `must be the IP address and port of the backend, such as "127.0.0.1:8443"`)
	case v.isOwnStream(backend):
		v.reject(path+".pass_to", listener.PassTo, "is a listener of this server: connections would go round in circles")
	}
	for i, name := range listener.PassServerNames {
		at := fmt.Sprintf("%s.pass_server_names[%d]", path, i)
		if _, err := netip.ParseAddr(name); err == nil || !isHost(name) {
			v.reject(at, name, "must be a DNS name, without wildcard and port")
		}
		for j, realm := range v.config.Realms {
			if slices.Contains(realm.CanonicalServerNames(), canonicalName(name)) {
				v.reject(at, name, "is one of realms[%d].server_names: its clients would never get there", j)
			}
		}
	}
}

// isOwnStream reports whether an address is a listener for TCP or TLS; a wildcard
// stands for loopback at least.
func (v *validator) isOwnStream(addr netip.AddrPort) bool {
	return slices.ContainsFunc(v.config.Listeners, func(l Listener) bool {
		own, err := parseAddressPort(l.Address)
		if err != nil || l.IsDatagram() || own.Port() != addr.Port() {
			return false
		}
		isWildcard := own.Addr().IsUnspecified() && own.Addr().Is4() == addr.Addr().Is4()
		return own == addr || isWildcard && addr.Addr().IsLoopback()
	})
}

// Pass says what the listener passes on to a backend; nil: nothing.
func (l Listener) Pass() *relay.Pass {
	if l.PassTo == "" {
		return nil
	}
	pass := &relay.Pass{To: must(parseAddressPort(l.PassTo)), HasHeader: l.PassProxyProtocol}
	for _, name := range l.PassServerNames {
		pass.ServerNames = append(pass.ServerNames, canonicalName(name))
	}
	return pass
}

// passedTo are the backends of all listeners.
func (c *Config) passedTo() []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, l := range c.Listeners {
		if pass := l.Pass(); pass != nil {
			addresses = append(addresses, pass.To)
		}
	}
	return addresses
}

package config

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// minTokenBytes keeps a token from being guessed.
const minTokenBytes = 16

// unixPrefix marks the path of a Unix socket among addresses.
const unixPrefix = "unix:"

func (v *validator) admin() {
	a := v.config.Admin
	if a.Address == "" || a.Address == addressOff {
		return
	}
	if path, isUnix := strings.CutPrefix(a.Address, unixPrefix); isUnix {
		if !filepath.IsAbs(path) {
			v.reject("admin.address", a.Address, "must have an absolute path behind unix:")
		}
	} else if _, err := parseAddressPort(a.Address); err != nil {
		v.reject("admin.address", a.Address, `must be off, an IP address and a port, such as "127.0.0.1:9642", or a socket, such as "unix:/run/fairlead/admin.sock"`)
	} else if a.Token == "" {
		v.reject("admin.token", nil, "is needed unless admin.address is a Unix socket: every user of a host reaches its ports")
	}
	if n := len(a.Token); n > 0 && n < minTokenBytes {
		v.reject("admin.token", a.Token, "has %d bytes, at least %d are needed: openssl rand -hex 32 makes one", n, minTokenBytes)
	}
}

func (v *validator) stateDir() {
	if path := v.config.StateDir; path != "" && !filepath.IsAbs(path) {
		v.reject("state_dir", path, "must be an absolute path")
	}
}

// AdminAddress is where the admin API is served, if at all: an IP address and
// a port, or unix: and a path.
func (c *Config) AdminAddress() (address string, on bool) {
	return c.Admin.Address, c.Admin.Address != "" && c.Admin.Address != addressOff
}

// httpAddresses are the TCP addresses of everything but the listeners for
// clients.
func (c *Config) httpAddresses() []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, text := range []string{c.Monitoring.Address, c.Admin.Address, c.CredentialEndpoint.Address} {
		if addr, err := parseAddressPort(text); err == nil {
			addresses = append(addresses, addr)
		}
	}
	return addresses
}

// ProtectedAddresses are what no relay may reach, beside BackEnds: the addresses of
// this server, its clients' and its operators', and of those it passes clients to.
func (c *Config) ProtectedAddresses() []netip.AddrPort {
	return slices.Concat(c.ListenerAddresses(), c.DiscoveryListeners(), c.httpAddresses(), c.passedTo())
}

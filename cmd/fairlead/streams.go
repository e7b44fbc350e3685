package main

import (
	"net/netip"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// datagramListeners are the addresses for clients of UDP.
func datagramListeners(cfg *config.Config) []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, each := range cfg.Listeners {
		if each.IsUDP() {
			addresses = append(addresses, each.Bound())
		}
	}
	return addresses
}

// streamConfig says how clients of TCP and TLS are served.
func (i *instance) streamConfig(cfg *config.Config) relay.StreamConfig {
	s := cfg.Streams
	c := relay.StreamConfig{
		HandshakeTimeout:            s.HandshakeTimeout.Std(),
		MaxUnauthenticated:          s.MaxUnauthenticated,
		MaxUnauthenticatedPerSource: s.MaxUnauthenticatedPerClient,
		Socket:                      stream.Options{KeepAlive: s.Keepalive.Std(), UserTimeout: s.UserTimeout.Std()},
	}
	if cfg.HasTLS() {
		c.TLS = i.tls.TLS()
	}
	for _, each := range cfg.Listeners {
		if !each.IsUDP() {
			c.Listeners = append(c.Listeners, relay.StreamListener{Address: each.Bound(), TLS: each.IsTLS(), Proxies: each.Proxies()})
		}
	}
	return c
}

// streamLimits bound what such a client may take once a worker has it.
func streamLimits(s config.Streams) fastpath.StreamLimits {
	return fastpath.StreamLimits{
		AuthenticationTimeout: s.AuthenticationTimeout.Std(),
		UnauthenticatedBytes:  s.UnauthenticatedBytes,
		IdleTimeout:           s.IdleTimeout.Std(),
		BacklogBytes:          s.BacklogBytes,
	}
}

// hasNoTLS says whether the server was started without a certificate.
func (i *instance) hasNoTLS() bool { return !i.engine.HasTLS() }

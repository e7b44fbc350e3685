package main

import (
	"errors"
	"fmt"
	"net/netip"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// datagramListeners are the addresses for clients of UDP and DTLS.
func datagramListeners(cfg *config.Config) []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, each := range cfg.Listeners {
		if each.IsDatagram() {
			addresses = append(addresses, each.Bound())
		}
	}
	return addresses
}

// datagramProxies are the load balancers in front of some of these addresses.
func datagramProxies(cfg *config.Config) map[netip.AddrPort][]netip.Prefix {
	proxies := make(map[netip.AddrPort][]netip.Prefix)
	for _, each := range cfg.Listeners {
		if each.IsDatagram() && each.ProxyProtocol {
			proxies[each.Bound()] = each.Proxies()
		}
	}
	return proxies
}

// streamConfig says how clients of TCP and TLS are served.
func (i *instance) streamConfig(cfg *config.Config) relay.StreamConfig {
	s := cfg.Streams
	c := relay.StreamConfig{
		HandshakeTimeout:            s.HandshakeTimeout.Std(),
		MaxUnauthenticated:          s.MaxUnauthenticated,
		MaxUnauthenticatedPerSource: s.MaxUnauthenticatedPerClient,
		Socket:                      stream.Options{KeepAlive: s.Keepalive.Std(), UserTimeout: s.UserTimeout.Std()},
		MaxPassed:                   s.MaxPassed,
		MaxPassedPerSource:          s.MaxPassedPerClient,
		PassedIdleTimeout:           s.PassedIdleTimeout.Std(),
	}
	if cfg.HasTLS() {
		c.TLS = i.tls.TLS()
	}
	for _, each := range cfg.Listeners {
		if !each.IsDatagram() {
			c.Listeners = append(c.Listeners, relay.StreamListener{
				Address: each.Bound(), TLS: each.IsTLS(), Proxies: each.Proxies(), Pass: each.Pass(),
			})
		}
	}
	return c
}

// dtlsConfig says how clients of DTLS are served.
func (i *instance) dtlsConfig(cfg *config.Config) relay.DTLSConfig {
	c := relay.DTLSConfig{TLS: i.tls.TLS(), Off: !cfg.HasDTLS()}
	for _, each := range cfg.Listeners {
		if each.IsDTLS() {
			c.Only = append(c.Only, each.Bound())
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

// applyStreams makes what can be reloaded about clients of TCP, TLS and DTLS hold. With
// the first certificate the listeners for TCP take TLS from now on, and those for UDP
// take DTLS, and without any no more.
func (i *instance) applyStreams(cfg *config.Config) error {
	before := i.engine.HasTLS()
	err := errors.Join(i.engine.SetStreams(i.streamConfig(cfg), streamLimits(cfg.Streams)), i.engine.SetDTLS(cfg.HasDTLS()))
	if now := i.engine.HasTLS(); now != before {
		i.log.Info("listeners for TCP take TLS, too, as far as there is a certificate", zap.Bool("tls", now))
	}
	if err != nil {
		return fmt.Errorf("apply streams: %w", err)
	}
	return nil
}

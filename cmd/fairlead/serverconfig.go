package main

import (
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/relay"
)

// serverConfig is what the control plane keeps for life.
func (i *instance) serverConfig(cfg *config.Config, settings server.Settings) server.Config {
	perSecond := cfg.Auth.UnauthenticatedAnswersPerSecond
	return server.Config{
		Workers:        cfg.WorkerCount(),
		Settings:       settings,
		Nonces:         authn.NewNonces(cfg.NonceKey(), cfg.Auth.NonceLifetime.Std()),
		Limiter:        authn.NewLimiter(perSecond, perSecond),
		RelayAddresses: relayAddresses(cfg.Relay.Addresses),
		MinPort:        uint16(cfg.Relay.MinPort),
		MaxPort:        uint16(cfg.Relay.MaxPort),
		Discovery:      discovery(cfg),
		Alternate:      i.pickAlternate,
		DefaultFamily:  defaultFamilies[cfg.Relay.DefaultAddressFamily],
		Revocations:    i.revocations,
		Clients:        i.clients,
		Events:         i.events,
		Buckets:        i.buckets,
		OpenRelay: relay.RelaySockets{
			ReceiveBufferBytes: cfg.Sockets.RelayReceiveBufferBytes,
			SendBufferBytes:    cfg.Sockets.RelaySendBufferBytes,
		}.Open,
		TCPRelay:       i.tcpRelay,
		LocalAddresses: i.addresses.All,
		IsLocalAddress: i.addresses.Contains,
		Fleet:          i.countsAcross(),
		Log:            i.log,
	}
}

// relayAddresses gives the server its relay addresses.
func relayAddresses(configured []config.RelayAddress) []server.RelayAddress {
	var addresses []server.RelayAddress
	for _, each := range configured {
		addresses = append(addresses, server.RelayAddress{Local: each.Local(), External: each.External()})
	}
	return addresses
}

// discovery gives the server the addresses of NAT behaviour discovery.
func discovery(cfg *config.Config) []server.Discovery {
	var all []server.Discovery
	for _, pair := range cfg.DiscoveryPairs() {
		all = append(all, server.Discovery{Addresses: pair, Ports: cfg.DiscoveryPorts()})
	}
	return all
}

// defaultFamilies turns the words of relay.default_address_family into their
// meaning.
var defaultFamilies = map[string]server.FamilyDefault{
	"ipv4":   server.FamilyDefaultIPv4,
	"ipv6":   server.FamilyDefaultIPv6,
	"client": server.FamilyDefaultClient,
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/admin"
	"github.com/fairlead/fairlead/internal/alternate"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/credentials"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/httpserve"
	"github.com/fairlead/fairlead/internal/metrics"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/tlsconf"
	"github.com/fairlead/fairlead/quota/fleet"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// maxBuckets bounds the bandwidth buckets: two for each of 128 Ki allocations and
// as many again for users, tenants and realms. Memory is only touched for those
// in use.
const maxBuckets = 1 << 19

// instance is a running server, assembled from its parts.
type instance struct {
	engine *relay.Engine
	server *server.Server
	admin  *admin.Admin // nil when monitoring is off
	tls    *tlsconf.Store
	fleet  *fleet.Fleet // nil when quotas count on this server only
	stores *stores
	log    *zap.Logger

	revocations *authn.Revocations
	events      *events.Bus
	credentials *credentials.Endpoint
	services    []*httpserve.Server // HTTP listeners beside admin
	addresses   *relay.LocalAddresses
	others      *alternate.Checker
	usage       *usageKeeper // nil without a state directory

	isStopping atomic.Bool
}

// newInstance opens every socket that the configuration asks for. On an error
// nothing stays open.
func newInstance(cfg *config.Config, log *zap.Logger) (_ *instance, err error) {
	i := &instance{log: log, stores: newStores(log), others: alternate.New(cfg.AlternateServers(), log)}
	buckets := bucket.NewArray(maxBuckets)
	addresses, err := relay.NewLocalAddresses()
	if err != nil {
		return nil, err
	}
	i.addresses = addresses
	i.events = newEvents(cfg, log)
	set, commit, rollback, err := i.stores.open(cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			rollback()
		}
	}()
	settings, err := newSettings(cfg, set, log)
	if err != nil {
		return nil, err
	}
	if i.tls, err = tlsconf.Open(cfg.TLSConfig(log)); err != nil {
		return nil, err
	}
	if i.revocations, err = openRevocations(cfg.StateDir); err != nil {
		return nil, err
	}
	i.credentials = credentials.New(i.credentialConfig(cfg))
	if i.fleet, err = openFleet(cfg, log); err != nil {
		return nil, err
	}
	tcpRelay := newTCPRelay(cfg, buckets)
	workers, perSecond := cfg.WorkerCount(), cfg.Auth.UnauthenticatedAnswersPerSecond
	i.server, err = server.New(server.Config{
		Workers:        workers,
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
		Events:         i.events,
		Buckets:        buckets,
		OpenRelay: relay.RelaySockets{
			ReceiveBufferBytes: cfg.Sockets.RelayReceiveBufferBytes,
			SendBufferBytes:    cfg.Sockets.RelaySendBufferBytes,
		}.Open,
		TCPRelay:       tcpRelay,
		LocalAddresses: addresses.All,
		IsLocalAddress: addresses.Contains,
		Fleet:          i.countsAcross(),
		Log:            log,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			i.server.Close()
		}
	}()
	if i.usage, err = openUsage(cfg.StateDir, i.server, log); err != nil {
		return nil, err
	}
	i.engine, err = relay.Open(relay.Config{
		Workers:            workers,
		Listeners:          append(datagramListeners(cfg), cfg.DiscoveryListeners()...),
		Proxies:            datagramProxies(cfg),
		Streams:            i.streamConfig(cfg),
		DTLS:               i.dtlsConfig(cfg),
		ReceiveBufferBytes: cfg.Sockets.ReceiveBufferBytes,
		SendBufferBytes:    cfg.Sockets.SendBufferBytes,
		Freebind:           cfg.Sockets.Freebind,
		GSO:                switches[cfg.Sockets.GSO],
		GRO:                switches[cfg.Sockets.GRO],
		LocalAddresses:     addresses,
		Aliases:            i.server.Aliases(),
		AddressesChanged:   i.server.AddressesChanged,
		Worker: func(id int) fastpath.Config {
			h := i.server.Handler(id)
			return fastpath.Config{
				ID:                 id,
				Control:            h.Control,
				Tick:               h.Tick,
				PeerAllowed:        h.PeerAllowed,
				Buckets:            buckets,
				WideChannelNumbers: cfg.Allocation.WideChannelNumbers,
				ICMPIndications:    cfg.Relay.ICMPIndications,
				Streams:            streamLimits(cfg.Streams),
				StreamClosed:       h.StreamClosed,
				Arrived:            h.Arrived,
				TCPRelay:           tcpRelay != nil,
			}
		},
	}, log)
	if err != nil {
		return nil, err
	}
	if addr, on := cfg.MonitoringAddress(); on {
		if i.admin, err = i.listenAdmin(addr); err != nil {
			i.engine.Close()
			return nil, err
		}
	}
	if err = i.listenServices(cfg); err != nil {
		i.engine.Close()
		return nil, err
	}
	commit()
	return i, nil
}

// listenAdmin opens the listener for metrics and health.
func (i *instance) listenAdmin(addr netip.AddrPort) (*admin.Admin, error) {
	return admin.Listen(admin.Config{
		Address: addr.String(),
		Metrics: metrics.Handler(metrics.Sources{
			Server:      i.server.Stats,
			Workers:     i.workerStats,
			Stores:      func() []store.Stats { return i.stores.set.Load().Stats() },
			Streams:     i.engine.StreamStats,
			DTLS:        i.engine.DTLSStats,
			TLS:         i.tls.Stats,
			Credentials: i.credentials.Stats,
			Events:      i.events.Stats,
			Version:     version,
		}),
		Alive: i.engine.Alive,
		Ready: func() error {
			if i.isStopping.Load() {
				return errors.New("stopping")
			}
			return nil
		},
		Log: i.log,
	})
}

// run serves until ctx is done or a part fails; then it closes everything.
func (i *instance) run(ctx context.Context) error {
	defer i.stores.closeAll()
	// Events outlive what they tell about.
	heard, stopEvents := context.WithCancel(context.WithoutCancel(ctx))
	var hearing sync.WaitGroup
	hearing.Go(func() { i.events.Run(heard) })
	defer hearing.Wait()
	defer stopEvents()
	if i.usage != nil {
		defer i.usage.save() // with what the server charges at its end
	}
	defer i.server.Close()
	group, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, func() { i.isStopping.Store(true) })
	group.Go(func() error { return i.engine.Run(ctx) })
	group.Go(func() error { i.tls.Run(ctx); return nil })
	if i.fleet != nil {
		group.Go(func() error { return i.fleet.Run(ctx) })
	}
	group.Go(func() error { i.others.Run(ctx); return nil })
	if i.usage != nil {
		group.Go(func() error { i.usage.run(ctx); return nil })
	}
	if i.admin != nil {
		group.Go(func() error { return i.admin.Run(ctx) })
	}
	for _, service := range i.services {
		group.Go(func() error { return service.Run(ctx) })
	}
	return group.Wait()
}

// apply makes what can be reloaded of a configuration take effect.
func (i *instance) apply(ctx context.Context, cfg *config.Config) error {
	i.stores.refresh(ctx)
	set, commit, rollback, err := i.stores.open(cfg)
	if err != nil {
		return err
	}
	settings, err := newSettings(cfg, set, i.log)
	if err != nil {
		rollback()
		return err
	}
	if err := i.tls.Apply(cfg.CertificateFiles()); err != nil {
		rollback()
		return err
	}
	if err := i.engine.SetOffloads(switches[cfg.Sockets.GSO], switches[cfg.Sockets.GRO]); err != nil {
		rollback()
		return err
	}
	if err := i.applyStreams(cfg); err != nil {
		rollback()
		return err
	}
	i.credentials.Apply(i.credentialConfig(cfg))
	i.others.SetServers(cfg.AlternateServers())
	// From here on the new stores are in use, even if a worker is late.
	err = i.server.Apply(ctx, settings, i.engine.Workers())
	commit()
	return err
}

// workerStats reads the counters of every worker.
func (i *instance) workerStats() []fastpath.Stats {
	var stats []fastpath.Stats
	for _, w := range i.engine.Workers() {
		stats = append(stats, w.Stats())
	}
	return stats
}

// newSettings builds what a reload may change.
func newSettings(cfg *config.Config, set store.Set, log *zap.Logger) (server.Settings, error) {
	auth, err := authn.New(withStores(cfg.AuthnConfig(), set))
	if err != nil {
		return server.Settings{}, fmt.Errorf("prepare credentials: %w", err)
	}
	allow, deny := cfg.PeerRules()
	realms, tenants, err := newRealms(cfg, set)
	if err != nil {
		return server.Settings{}, err
	}
	return server.Settings{
		Authenticator:  auth,
		Realms:         realms,
		Tenants:        tenants,
		Quota:          cfg.QuotaLimits(),
		QuotaOverrides: cfg.QuotaOverrides(),
		Allocation:     cfg.AllocationConfig(),
		Mobility:       cfg.Allocation.Mobility,
		AllowPeers:     allow,
		DenyPeers:      deny,
		Protected:      append(cfg.ProtectedAddresses(), storeAddresses(set, log)...),
		Software:       cfg.STUN.Software,
		MappedAddress:  cfg.STUN.MappedAddress,
		RedirectAbove:  cfg.Alternates.AboveAllocations,
	}, nil
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

// switches turns the words of sockets.gso and sockets.gro into their meaning.
var switches = map[string]fastpath.Switch{
	"auto": fastpath.Auto,
	"on":   fastpath.On,
	"off":  fastpath.Off,
}

// defaultFamilies turns the words of relay.default_address_family into their
// meaning.
var defaultFamilies = map[string]server.FamilyDefault{
	"ipv4":   server.FamilyDefaultIPv4,
	"ipv6":   server.FamilyDefaultIPv6,
	"client": server.FamilyDefaultClient,
}

package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/admin"
	"github.com/fairlead/fairlead/internal/alternate"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/credentials"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/httpserve"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/tlsconf"
	"github.com/fairlead/fairlead/quota/fleet"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/tcprelay"
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
	bans        *access.Bans
	clients     *access.Gate
	events      *events.Bus
	credentials *credentials.Endpoint
	services    []*httpserve.Server // HTTP listeners beside admin
	addresses   *relay.LocalAddresses
	others      *alternate.Checker
	usage       *usageKeeper    // nil without a state directory
	buckets     *bucket.Array   // of server, engine and tcpRelay
	tcpRelay    *tcprelay.Relay // nil: off

	isStopping atomic.Bool
}

// newInstance opens every socket that the configuration asks for. On an error
// nothing stays open.
func newInstance(cfg *config.Config, log *zap.Logger) (_ *instance, err error) {
	i := &instance{log: log, stores: newStores(log), others: alternate.New(cfg.AlternateServers(), log)}
	var undo []func()
	defer func() {
		if err != nil {
			for _, f := range slices.Backward(undo) {
				f()
			}
		}
	}()
	i.buckets = bucket.NewArray(maxBuckets)
	if i.addresses, err = relay.NewLocalAddresses(); err != nil {
		return nil, err
	}
	i.events = newEvents(cfg, log)
	set, commit, rollback, err := i.stores.open(cfg)
	if err != nil {
		return nil, err
	}
	undo = append(undo, rollback)
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
	if err = i.openClients(cfg); err != nil {
		return nil, err
	}
	i.credentials = credentials.New(i.credentialConfig(cfg))
	if i.fleet, err = openFleet(cfg, log); err != nil {
		return nil, err
	}
	i.tcpRelay = newTCPRelay(cfg, i.buckets)
	if i.server, err = server.New(i.serverConfig(cfg, settings)); err != nil {
		return nil, err
	}
	undo = append(undo, i.server.Close)
	if i.usage, err = openUsage(cfg.StateDir, i.server, log); err != nil {
		return nil, err
	}
	if i.engine, err = relay.Open(i.engineConfig(cfg), log); err != nil {
		return nil, err
	}
	undo = append(undo, func() { i.engine.Close() })
	undo = append(undo, i.closeServices)
	if err = i.listenServices(cfg); err != nil {
		return nil, err
	}
	if addr, on := cfg.MonitoringAddress(); on {
		if i.admin, err = i.listenAdmin(addr); err != nil {
			return nil, err
		}
	}
	commit()
	return i, nil
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
	group.Go(func() error { i.sweepBans(ctx); return nil })
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

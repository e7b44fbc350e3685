package main

import (
	"errors"
	"net/netip"

	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/admin"
	"github.com/fairlead/fairlead/internal/metrics"
)

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
			Bans:        i.bans.Count,
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

package main

import (
	"crypto/rand"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/quota/fleet"
)

// openFleet prepares the counts across servers, nil where none are configured.
// Each start is a node of its own: what the last one left runs out by its lease.
func openFleet(cfg *config.Config, log *zap.Logger) (*fleet.Fleet, error) {
	if cfg.Quota.RedisURL == "" {
		return nil, nil
	}
	return fleet.Open(fleet.Config{
		URL:   cfg.Quota.RedisURL.Reveal(),
		Node:  rand.Text(),
		Lease: cfg.Quota.RedisLease.Std(),
		Log:   log.Named("fleet"),
	})
}

// countsAcross is the fleet as the server takes it; a nil pointer must not become
// an interface that is not nil.
func (i *instance) countsAcross() server.Fleet {
	if i.fleet == nil {
		return nil
	}
	return i.fleet
}

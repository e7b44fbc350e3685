package main

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/server"
)

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
		Protected:      append(cfg.ProtectedAddresses(), backEndAddresses(cfg, set, log)...),
		Software:       cfg.STUN.Software,
		MappedAddress:  cfg.STUN.MappedAddress,
		STUNOnly:       cfg.STUN.Only,
		NoBinding:      !cfg.STUN.Binding,
		RedirectAbove:  cfg.Alternates.AboveAllocations,
	}, nil
}

package main

import (
	"fmt"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/server"
)

// newRealms builds the realms beside the main one, and the tenants of all.
func newRealms(cfg *config.Config, set store.Set) (realms []server.Realm, tenants []server.Tenant, err error) {
	for _, each := range cfg.Realms {
		auth, err := authn.New(withStores(cfg.RealmAuthnConfig(each), set))
		if err != nil {
			return nil, nil, fmt.Errorf("prepare credentials of realm %q: %w", each.Name, err)
		}
		allow, deny := each.PeerRules()
		realms = append(realms, server.Realm{
			Authenticator: auth, Listeners: each.ListenerAddresses(), ServerNames: each.CanonicalServerNames(),
			AllowPeers: allow, DenyPeers: deny,
		})
	}
	for _, each := range cfg.Tenants {
		allow, deny := each.PeerRules()
		// The prepared name is what the server goes by.
		name, err := authn.PrepareRealm(cfg.RealmName(each))
		if err != nil {
			return nil, nil, fmt.Errorf("prepare tenant %q: %w", each.Name, err)
		}
		tenants = append(tenants, server.Tenant{Realm: name, Name: each.Name, AllowPeers: allow, DenyPeers: deny})
	}
	return realms, tenants, nil
}

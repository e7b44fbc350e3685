package main

import (
	"context"
	"fmt"

	"github.com/fairlead/fairlead/authn/store/sqldb"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/turnserver"
)

// readRealmOptions takes over what coturn's databases say about realms. One that cannot
// be read is an error.
func readRealmOptions(ctx context.Context, cfg *config.Config) ([]turnserver.Note, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var options []turnserver.RealmOption
	for _, s := range cfg.Auth.Stores {
		backend, err := s.Backend(0, false)
		if err != nil {
			return nil, fmt.Errorf("open store %s: %w", s.Name, err)
		}
		defer backend.Close()
		db, isSQL := backend.(*sqldb.DB)
		if !isSQL {
			continue
		}
		found, err := db.RealmOptions(ctx)
		if err != nil {
			return nil, fmt.Errorf("store %s: %w", s.Name, err)
		}
		for _, o := range found {
			options = append(options, turnserver.RealmOption(o))
		}
	}
	return turnserver.AddRealmOptions(cfg, options), nil
}

package main

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/statefile"
)

const (
	// bansFile is where bans are kept in the state directory.
	bansFile = "bans.json"
	// bansSweep is how long a ban that is over may take up memory.
	bansSweep = time.Minute
)

// openClients sets up who may be a client.
func (i *instance) openClients(cfg *config.Config) (err error) {
	if i.bans, err = openBans(cfg.StateDir); err != nil {
		return err
	}
	i.clients = access.NewGate(i.bans)
	i.clients.SetLists(cfg.ClientLists())
	return nil
}

// openBans reads the list of who is banned from the state directory, if there is one.
func openBans(stateDir string) (*access.Bans, error) {
	if stateDir == "" {
		return access.OpenBans(nil)
	}
	if err := checkStateDir(stateDir); err != nil {
		return nil, err
	}
	return access.OpenBans(statefile.In[[]access.Ban](stateDir, bansFile))
}

// endBanned ends the live allocations of whoever is banned.
func (i *instance) endBanned(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return i.server.EndDenied(ctx, i.engine.Workers())
}

// sweepBans forgets the bans that are over until ctx is done.
func (i *instance) sweepBans(ctx context.Context) {
	ticker := time.NewTicker(bansSweep)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			i.bans.Sweep()
		case <-ctx.Done():
			return
		}
	}
}

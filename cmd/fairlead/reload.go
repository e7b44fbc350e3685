package main

import (
	"context"
	"errors"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/tlsconf"
)

// applyTimeout is how long the workers may take to review what is live.
const applyTimeout = 30 * time.Second

// reloader applies the configuration anew at each SIGHUP.
type reloader struct {
	options  config.Options
	instance *instance
	running  *config.Config
	level    zap.AtomicLevel
	log      *zap.Logger
}

// run reloads at each signal until ctx is done.
func (r *reloader) run(ctx context.Context, hangup <-chan os.Signal) {
	for {
		select {
		case <-hangup:
			r.reload(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// reload applies what can be applied while running. A configuration with a
// mistake, in it or in a file that it names, changes nothing.
func (r *reloader) reload(ctx context.Context) {
	next, warnings, err := config.Load(r.options)
	if err != nil {
		r.log.Error("configuration not reloaded, the running one stays", logging.Err(err))
		return
	}
	effective, changes := config.Reload(r.running, next)
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	prepared, err := r.instance.prepare(ctx, effective)
	if err != nil {
		r.log.Error("configuration not reloaded, the running one stays", logging.Err(err))
		return
	}
	if err := prepared.apply(ctx, r.instance); err != nil {
		r.log.Error("configuration not applied on every worker; reload again", logging.Err(err))
		return
	}
	r.level.SetLevel(effective.LogLevel())
	r.running = effective
	warn(r.log, warnings)
	if len(changes.Restart) > 0 {
		r.log.Warn("some changes take effect at the next start only", zap.Strings("keys", changes.Restart))
	}
	r.log.Info("configuration reloaded", zap.Strings("keys", changes.Live))
}

// change is a configuration of which everything that can go wrong has gone right.
type change struct {
	cfg          *config.Config
	settings     server.Settings
	certificates tlsconf.Prepared
	commit       func() // has the running stores be those of cfg
}

// prepare reads and opens what a configuration names. What is running stays as it
// is; on an error nothing is left open, else apply is to be called.
func (i *instance) prepare(ctx context.Context, cfg *config.Config) (change, error) {
	i.stores.refresh(ctx)
	set, commit, rollback, err := i.stores.open(cfg)
	if err != nil {
		return change{}, err
	}
	settings, err := newSettings(cfg, set, i.log)
	if err != nil {
		rollback()
		return change{}, err
	}
	certificates, err := i.tls.Prepare(cfg.CertificateFiles())
	if err != nil {
		rollback()
		return change{}, err
	}
	return change{cfg, settings, certificates, commit}, nil
}

// apply makes what can be reloaded of a configuration take effect, all of it. The
// error names the workers that have not followed: late ones, or ended ones.
func (c change) apply(ctx context.Context, i *instance) error {
	i.tls.Serve(c.certificates)
	i.credentials.Apply(i.credentialConfig(c.cfg))
	i.others.SetServers(c.cfg.AlternateServers())
	i.clients.SetLists(c.cfg.ClientLists())
	err := errors.Join(
		i.engine.SetOffloads(switches[c.cfg.Sockets.GSO], switches[c.cfg.Sockets.GRO]),
		i.applyStreams(c.cfg),
		i.server.Apply(ctx, c.settings, i.engine.Workers()),
	)
	// The new stores are in use now, even if a worker is late.
	c.commit()
	return err
}

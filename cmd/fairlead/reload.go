package main

import (
	"context"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
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
// mistake changes nothing.
func (r *reloader) reload(ctx context.Context) {
	next, warnings, err := config.Load(r.options)
	if err != nil {
		r.log.Error("configuration not reloaded, the running one stays", logging.Err(err))
		return
	}
	effective, changes := config.Reload(r.running, next)
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	if err := r.instance.apply(ctx, effective); err != nil {
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
	i.clients.SetLists(cfg.ClientLists())
	// From here on the new stores are in use, even if a worker is late.
	err = i.server.Apply(ctx, settings, i.engine.Workers())
	commit()
	return err
}

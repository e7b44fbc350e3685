package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/priority"
)

// spareThreads is how many threads Go may run beside the workers: for the
// collector, and for everything that may wait.
const spareThreads = 2

// niceSteps is how much less each of the other threads matters than one that relays:
// where three of them fight for its CPU they still have a quarter of it. A collector
// that computes there otherwise keeps it for some milliseconds.
const niceSteps = 10

func newServeCommand(options *config.Options) *cobra.Command {
	var dev bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server until SIGTERM",
		Long: `Run the server. SIGHUP reloads users, secrets, quotas, lists of clients,
peer rules, lifetimes, certificates and the log level without touching traffic;
SIGTERM and SIGINT stop it, SIGTERM after the last allocation has ended if
drain.timeout is set.

With --dev it listens on every local address with a made-up user and secret,
lets clients reach loopback and private addresses, and prints one line of JSON
with a working credential on standard output.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dev {
				options.Base = config.Dev()
			}
			return serve(cmd, *options, dev)
		},
	}
	cmd.Flags().BoolVar(&dev, "dev", false, "development profile: generated credentials, private peers allowed")
	return cmd
}

// serve runs the server in the foreground; it returns nil after a signal to
// stop.
func serve(cmd *cobra.Command, options config.Options, dev bool) error {
	cfg, warnings, err := config.Load(options)
	if err != nil {
		return err
	}
	log, level, err := logging.New(cmd.ErrOrStderr(), cfg.LogFormat(), cfg.LogLevel())
	if err != nil {
		return err
	}
	warn(log, warnings)
	runtime.GOMAXPROCS(cfg.WorkerCount() + spareThreads)
	tuneCollector()

	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	i, err := newInstance(cfg, log)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return i.run(ctx) })
	group.Go(func() error {
		r := reloader{options: options, instance: i, running: cfg, level: level, log: log}
		r.run(ctx, hangup)
		return nil
	})
	group.Go(func() error { favourWorkers(ctx, i, log); return nil })
	group.Go(func() error {
		defer stop()
		i.awaitStop(ctx, signals, cfg.Drain)
		return nil
	})
	if dev {
		group.Go(func() error { return announceDev(cmd, cfg) })
	}
	log.Info("serving", zap.String("version", version), zap.Int("workers", cfg.WorkerCount()))
	context.AfterFunc(ctx, func() { log.Info("stopping") })
	return group.Wait()
}

// favourWorkers gives the workers' threads precedence over the others as soon as
// they run. Without it the server works as well, but is late when others compute.
func favourWorkers(ctx context.Context, i *instance, log *zap.Logger) {
	threads, err := i.engine.Threads(ctx)
	if err != nil {
		return // it stops already
	}
	if err := priority.Favour(threads, niceSteps); err != nil {
		log.Info("workers do not have full precedence over other threads", zap.Error(err))
	}
}

// warn logs what is allowed but probably not meant.
func warn(log *zap.Logger, warnings []config.Warning) {
	for _, warning := range warnings {
		log.Warn("configuration", zap.Stringer("warning", warning))
	}
}

// announceDev prints a working credential, ready to paste into a page.
func announceDev(cmd *cobra.Command, cfg *config.Config) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "development profile: user %q password %q, shared secret %q; never use it in production\n",
		cfg.Auth.Users[0].Name, cfg.Auth.Users[0].Password.Reveal(), cfg.Auth.Secrets[0].Value.Reveal())
	return printCredentials(cmd.OutOrStdout(), cfg)
}

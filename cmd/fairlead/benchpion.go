package main

import (
	"fmt"
	"net/netip"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/bench"
)

// newBenchPionServerCommand is what "bench compare" starts as one of the
// servers. It is no way to run a relay, hence hidden.
func newBenchPionServerCommand() *cobra.Command {
	var (
		server        bench.PionServer
		listen, relay string
	)
	cmd := &cobra.Command{
		Use:    "pion-server",
		Short:  "Run a minimal server on pion/turn",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			var err error
			if server.Listen, err = netip.ParseAddrPort(listen); err != nil {
				return fmt.Errorf("--listen %q: %w", listen, err)
			}
			if server.Relay, err = netip.ParseAddr(relay); err != nil {
				return fmt.Errorf("--relay %q: %w", relay, err)
			}
			return server.Run(ctx)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:3478", "address and port for clients")
	flags.StringVar(&relay, "relay", "127.0.0.1", "address for peers")
	flags.Uint16Var(&server.MinPort, "min-port", 49152, "first port for relaying")
	flags.Uint16Var(&server.MaxPort, "max-port", 65535, "last port for relaying")
	flags.StringVar(&server.User, "user", "", "name of the one user")
	flags.StringVar(&server.Password, "password", "", "password of the user")
	flags.StringVar(&server.Realm, "realm", "", "realm of the user")
	return cmd
}

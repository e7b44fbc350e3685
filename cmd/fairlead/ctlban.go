package main

import (
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/adminapi"
	"github.com/fairlead/fairlead/internal/config"
)

func newBanCommand(options *config.Options) *cobra.Command {
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "ban PREFIX",
		Short: "Turn clients away for a while and end their allocations",
		Long: `Drop what the clients of an address or a prefix send, and end their live
allocations. Prints the id to lift it by.

  fairlead ctl ban --config FILE 192.0.2.7
  fairlead ctl ban --config FILE 2001:db8:0:7::/64 --for 24h`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked := adminapi.BanRequest{Prefix: args[0], For: lasts.String()}
			var banned adminapi.Ban
			if err := callAdmin(cmd.Context(), *options, http.MethodPost, "/v1/bans", asked, &banned); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), banned.ID)
			return err
		},
	}
	cmd.Flags().DurationVar(&lasts, "for", access.DefaultBanTime, "how long, 720h at most")
	return cmd
}

func newBansCommand(options *config.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "bans",
		Short: "List which clients are banned",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list adminapi.Bans
			if err := callAdmin(cmd.Context(), *options, http.MethodGet, "/v1/bans", nil, &list); err != nil {
				return err
			}
			noteForgotten(cmd, list.SurvivesRestart)
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(table, "ID\tPREFIX\tUNTIL")
			for _, each := range list.Bans {
				fmt.Fprintf(table, "%s\t%s\t%s\n", each.ID, each.Prefix, each.Until.Format(time.RFC3339))
			}
			return table.Flush()
		},
	}
}

func newUnbanCommand(options *config.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "unban ID-OR-PREFIX",
		Short: "Lift a ban",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if prefix, err := access.ParsePrefix(id); err == nil {
				id = access.Ban{Prefix: prefix}.ID()
			}
			return callAdmin(cmd.Context(), *options, http.MethodDelete, "/v1/bans/"+id, nil, nil)
		},
	}
}

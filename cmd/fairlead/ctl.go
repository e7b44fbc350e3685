package main

import (
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/adminapi"
	"github.com/fairlead/fairlead/internal/config"
)

func newCtlCommand(options *config.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ctl",
		Short: "Talk to a running server",
		Long: `Talk to a running server by its admin API. Address and token come from the
configuration (admin.address, admin.token), so give the same --config as to
the server.`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(newRevokeCommand(options), newRevocationsCommand(options), newLiftCommand(options))
	cmd.AddCommand(newBanCommand(options), newBansCommand(options), newUnbanCommand(options))
	return cmd
}

func newRevokeCommand(options *config.Options) *cobra.Command {
	var asked authn.Revocation
	var until string
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Take credentials back and end their allocations",
		Long: `Refuse every new request of a user, of one USERNAME or of all credentials of a
shared secret, and end their live allocations. Prints the id to lift it by.

  fairlead ctl revoke --config FILE --user alice
  fairlead ctl revoke --config FILE --username 1767225600:alice --until 24h
  fairlead ctl revoke --config FILE --secret 2026-06`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if asked.Until, err = readUntil(until, time.Now()); err != nil {
				return err
			}
			var revoked adminapi.Revocation
			if err := callAdmin(cmd.Context(), *options, http.MethodPost, "/v1/revocations", asked, &revoked); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), revoked.ID)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&asked.User, "user", "", "user: the name, or the id in REST usernames")
	flags.StringVar(&asked.Username, "username", "", "one USERNAME, with its expiry")
	flags.StringVar(&asked.Secret, "secret", "", "name of a shared secret")
	flags.StringVar(&asked.Realm, "realm", "", "realm (default: auth.realm)")
	flags.StringVar(&asked.Tenant, "tenant", "", "only credentials of this tenant (default: of all)")
	flags.StringVar(&until, "until", "", "when it ends by itself: a duration such as 24h, or a time such as 2027-01-31T12:00:00Z")
	cmd.MarkFlagsOneRequired("user", "username", "secret")
	cmd.MarkFlagsMutuallyExclusive("user", "username", "secret")
	return cmd
}

// readUntil reads a time, or a duration from now; empty is the zero time.
func readUntil(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d).UTC().Truncate(time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--until %q is neither a duration such as 24h nor a time such as 2027-01-31T12:00:00Z", text)
	}
	return at, nil
}

func newRevocationsCommand(options *config.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "revocations",
		Short: "List what is revoked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list adminapi.Revocations
			if err := callAdmin(cmd.Context(), *options, http.MethodGet, "/v1/revocations", nil, &list); err != nil {
				return err
			}
			noteForgotten(cmd, list.SurvivesRestart)
			return writeRevocations(cmd, list.Revocations)
		},
	}
}

// noteForgotten says so when a list does not survive a restart.
func noteForgotten(cmd *cobra.Command, survives bool) {
	if !survives {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: state_dir is not set, so a restart of the server forgets these")
	}
}

func writeRevocations(cmd *cobra.Command, list []adminapi.Revocation) error {
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tREALM\tWHAT\tUNTIL")
	for _, each := range list {
		what, until := "secret "+each.Secret, "lifted"
		switch {
		case each.User != "":
			what = "user " + each.User
		case each.Username != "":
			what = "username " + each.Username
		}
		if each.Tenant != "" {
			what += " of tenant " + each.Tenant
		}
		if !each.Until.IsZero() {
			until = each.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", each.ID, each.Realm, what, until)
	}
	return table.Flush()
}

func newLiftCommand(options *config.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "lift ID",
		Short: "Lift a revocation",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return callAdmin(cmd.Context(), *options, http.MethodDelete, "/v1/revocations/"+args[0], nil, nil)
		},
	}
}

// errAdminOff is what every verb of ctl says without an API to talk to.
var errAdminOff = errors.New("the configuration has no admin API: set admin.address, such as unix:/run/fairlead/admin.sock")

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
)

func newUsersCommand(options *config.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "users",
		Short: "Add, remove, list and import the users of a store",
		Long: `Users of a store authenticate by name and password. Passwords come from a prompt
or the first line of standard input, and only the keys made of them are kept.

  fairlead users add alice --config FILE
  fairlead users import turndb --db users.db`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	target := &adminTarget{}
	target.addFlags(cmd)
	cmd.AddCommand(
		newUserCommand(options, target, "add", "Add a user", store.Admin.AddUser),
		newUserCommand(options, target, "passwd", "Give a user another password", store.Admin.SetUser),
		newUsersRemoveCommand(options, target),
		newUsersListCommand(options, target),
		newUsersImportCommand(options, target),
	)
	return cmd
}

// newUserCommand makes a verb that needs a password.
func newUserCommand(options *config.Options, target *adminTarget, verb, short string, keep func(store.Admin, context.Context, string, string, authn.Key) error) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " NAME",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := authn.PrepareUsername(args[0])
			if err != nil {
				return fmt.Errorf("name %w", err)
			}
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				password, err := readHidden(cmd, "password")
				if err != nil {
					return err
				}
				key, err := authn.LongTermKey(name, realm, password)
				if err != nil {
					return err
				}
				if err := db.Prepare(ctx); err != nil {
					return err
				}
				return aboutUser(keep(db, ctx, realm, name, key), name, realm)
			})
		},
	}
}

func newUsersRemoveCommand(options *config.Options, target *adminTarget) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user; SIGHUP ends its live allocations, too",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				return aboutUser(db.RemoveUser(ctx, realm, args[0]), args[0], realm)
			})
		},
	}
}

func newUsersListCommand(options *config.Options, target *adminTarget) *cobra.Command {
	var isEverybody bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List users: realm, name and the forms of their keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				if isEverybody {
					realm = ""
				}
				users, err := db.Users(ctx, realm)
				if err != nil {
					return err
				}
				for _, u := range users {
					forms := "md5"
					if u.HasSHA256 {
						forms = "md5,sha256"
					}
					// Quoted: what is in a database may be anything.
					fmt.Fprintf(cmd.OutOrStdout(), "%q\t%q\t%s\n", u.Realm, u.Name, forms)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&isEverybody, "all-realms", false, "list the users of every realm")
	return cmd
}

// aboutUser says whom an error is about.
func aboutUser(err error, name, realm string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("user %q exists already in realm %q: fairlead users passwd changes the password", name, realm)
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("there is no user %q in realm %q", name, realm)
	}
	return err
}

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
)

// minStoredSecretBytes is where a secret stops being easy to guess from one
// credential.
const minStoredSecretBytes = 16

func newSecretsCommand(options *config.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secrets",
		Short: "Add, retire and list the shared secrets of a store",
		Long: `Shared secrets issue and check REST credentials. All of a realm are valid, so to
rotate one add the new secret, give it to who issues credentials, and retire the
old one when its last credential has expired. A running server notices within
cache_ttl of the store, or at SIGHUP.

A store keeps secrets as they are, as they are computed with: guard it.`,
		Args: cobra.NoArgs,
		RunE: showHelp,
	}
	target := &adminTarget{}
	target.addFlags(cmd)
	cmd.AddCommand(newSecretsAddCommand(options, target), newSecretsRetireCommand(options, target), newSecretsListCommand(options, target))
	return cmd
}

func newSecretsAddCommand(options *config.Options, target *adminTarget) *cobra.Command {
	var generate bool
	cmd := &cobra.Command{
		Use:   "add [NAME]",
		Short: "Add a secret from a prompt or standard input, or generate one",
		Long: `Add a secret. Its name appears in logs; without one, and in coturn's tables and
Redis, which have no names, it is called by its fingerprint.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				value, err := newSecret(cmd, generate)
				if err != nil {
					return err
				}
				secret := authn.Secret{Name: firstOf(args...), Value: value}
				if err := db.Prepare(ctx); err != nil {
					return err
				}
				if err := db.AddSecret(ctx, realm, secret); errors.Is(err, store.ErrExists) {
					return fmt.Errorf("realm %q has that secret, or one of that name, already", realm)
				} else if err != nil {
					return err
				}
				if generate { // the one time that it shows
					_, err = fmt.Fprintln(cmd.OutOrStdout(), value)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&generate, "generate", false, "make a secret and print it once")
	return cmd
}

// newSecret reads or makes a secret.
func newSecret(cmd *cobra.Command, generate bool) (string, error) {
	if generate {
		var random [32]byte
		rand.Read(random[:])
		return hex.EncodeToString(random[:]), nil
	}
	value, err := readHidden(cmd, "secret")
	if err == nil && len(value) < minStoredSecretBytes {
		return "", fmt.Errorf("the secret is shorter than %d bytes and can be guessed from one credential: --generate makes a good one", minStoredSecretBytes)
	}
	return value, err
}

func newSecretsRetireCommand(options *config.Options, target *adminTarget) *cobra.Command {
	return &cobra.Command{
		Use:   "retire NAME",
		Short: "Forget a secret by its name or fingerprint; its credentials are no longer good",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				if err := db.RetireSecret(ctx, realm, args[0]); errors.Is(err, store.ErrNoSecret) {
					return fmt.Errorf("realm %q has no secret with the name or fingerprint %q: fairlead secrets list shows them", realm, args[0])
				} else if err != nil {
					return err
				}
				return nil
			})
		},
	}
}

func newSecretsListCommand(options *config.Options, target *adminTarget) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List secrets: realm, name and fingerprint",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				list, err := db.Secrets(ctx, realm)
				if err != nil {
					return err
				}
				for _, s := range list {
					fmt.Fprintf(cmd.OutOrStdout(), "%q\t%q\t%s\n", realm, s.Name, store.Fingerprint(s.Value))
				}
				return nil
			})
		},
	}
}

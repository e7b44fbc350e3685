package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
)

// defaultTimeToLive is a day: long enough for a call, short enough to leak.
const defaultTimeToLive = 24 * time.Hour

// credentialRequest says which credential to make.
type credentialRequest struct {
	user       string        // id inside a REST username; may be empty
	timeToLive time.Duration // until a REST credential expires
	secret     string        // name of the shared secret; empty: the first
	staticUser string        // instead of a REST credential
}

func newCredentialsCommand(options *config.Options) *cobra.Command {
	request := credentialRequest{timeToLive: defaultTimeToLive}
	cmd := &cobra.Command{
		Use:   "credentials",
		Short: "Issue a credential for clients, as iceServers JSON",
		Long: `Issue a REST credential from a shared secret of the configuration and print it
with the URLs of the server, as one line of JSON that RTCPeerConnection takes.
The URLs hold public_host, or else the addresses of the listeners.

  fairlead credentials --config FILE --user alice --ttl 1h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := config.Load(*options)
			if err != nil {
				return err
			}
			return writeCredential(cmd.OutOrStdout(), cfg, request)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&request.user, "user", "", "id of the user, which quotas count by")
	flags.DurationVar(&request.timeToLive, "ttl", defaultTimeToLive, "time until the credential expires")
	flags.StringVar(&request.secret, "secret", "", "name of the shared secret (default: the first one)")
	flags.StringVar(&request.staticUser, "static-user", "", "print this static user of the configuration instead")
	cmd.MarkFlagsMutuallyExclusive("static-user", "user")
	cmd.MarkFlagsMutuallyExclusive("static-user", "secret")
	cmd.MarkFlagsMutuallyExclusive("static-user", "ttl")
	return cmd
}

// printCredentials writes a credential that works with the configuration now.
func printCredentials(w io.Writer, cfg *config.Config) error {
	return writeCredential(w, cfg, credentialRequest{timeToLive: defaultTimeToLive})
}

func writeCredential(w io.Writer, cfg *config.Config, request credentialRequest) error {
	username, password, err := issue(cfg.Auth, request)
	if err != nil {
		return err
	}
	urls, err := turnURLs(cfg)
	if err != nil {
		return err
	}
	return writeICEServers(w, urls, username, password)
}

// issue makes or finds the credential that is asked for.
func issue(auth config.Auth, request credentialRequest) (username, password string, err error) {
	if request.staticUser != "" {
		return staticCredential(auth.Users, request.staticUser)
	}
	secret, err := chooseSecret(auth, request.secret)
	if err != nil {
		return "", "", err
	}
	switch longest := auth.MaxTimeToLive.Std(); {
	case request.timeToLive <= 0:
		return "", "", fmt.Errorf("--ttl %s has passed already: give a positive time, such as 24h", request.timeToLive)
	case longest > 0 && request.timeToLive > longest:
		return "", "", fmt.Errorf("--ttl %s is longer than auth.max_time_to_live, which is %s: the server would refuse it", request.timeToLive, auth.MaxTimeToLive)
	}
	username, password = authn.IssueREST(secret.Value.Reveal(), request.user, time.Now().Add(request.timeToLive))
	if _, err := authn.LongTermKey(username, auth.Realm, password); err != nil {
		return "", "", fmt.Errorf("issue credential for --user %q: %w", request.user, err)
	}
	return username, password, nil
}

func staticCredential(users []config.User, name string) (username, password string, err error) {
	var names []string
	for _, user := range users {
		if user.Name == name && user.Password == "" {
			return "", "", fmt.Errorf("static user %q has a key, from which no password can be had", name)
		}
		if user.Name == name {
			return user.Name, user.Password.Reveal(), nil
		}
		names = append(names, user.Name)
	}
	if len(names) == 0 {
		return "", "", errors.New("no static user is configured: set auth.users")
	}
	return "", "", fmt.Errorf("no static user %q is configured, only %s", name, strings.Join(names, ", "))
}

func chooseSecret(auth config.Auth, name string) (config.SharedSecret, error) {
	var names []string
	for _, secret := range auth.Secrets {
		if name == "" || secret.Name == name {
			return secret, nil
		}
		if secret.Name != "" {
			names = append(names, secret.Name)
		}
	}
	switch {
	case len(auth.Secrets) == 0 && len(auth.Users) > 0:
		return config.SharedSecret{}, errors.New("no shared secret is configured: set auth.secrets, or print a static user by --static-user NAME")
	case len(auth.Secrets) == 0:
		return config.SharedSecret{}, errors.New("no shared secret is configured: set auth.secrets")
	case len(names) == 0:
		return config.SharedSecret{}, fmt.Errorf("no shared secret is named %q: those in auth.secrets have no name", name)
	default:
		return config.SharedSecret{}, fmt.Errorf("no shared secret is named %q, only %s", name, strings.Join(names, ", "))
	}
}

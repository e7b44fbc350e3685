package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/credentials"
)

// defaultTimeToLive is a day: long enough for a call, short enough to leak.
const defaultTimeToLive = 24 * time.Hour

// credentialRequest says which credential to make.
type credentialRequest struct {
	user       string        // id inside a REST username; may be empty
	timeToLive time.Duration // until a REST credential expires
	realm      string        // empty: the main one
	secret     string        // name of the shared secret; empty: the first
	staticUser string        // instead of a REST credential
	format     string        // of the output
}

func newCredentialsCommand(options *config.Options) *cobra.Command {
	var request credentialRequest
	cmd := &cobra.Command{
		Use:   "credentials",
		Short: "Issue a credential for clients, as iceServers JSON",
		Long: `Issue a REST credential from a shared secret of the configuration and print it
with the URLs of the server, as one line of JSON that RTCPeerConnection takes.
The URLs hold public_host, or else the addresses of the listeners.

  fairlead credentials --config FILE --user alice --ttl 1h

Formats: ice_servers ({"iceServers":[…]}), array (one object for each URL), draft
(uris, of draft-uberti-behave-turn-rest), twilio (ice_servers).`,
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
	flags.StringVar(&request.realm, "realm", "", "realm (default: auth.realm)")
	flags.StringVar(&request.secret, "secret", "", "name of the shared secret (default: the first one)")
	flags.StringVar(&request.staticUser, "static-user", "", "print this static user of the configuration instead")
	flags.StringVar(&request.format, "format", string(credentials.FormatICEServers), "shape of the output: ice_servers, array, draft or twilio")
	cmd.MarkFlagsMutuallyExclusive("static-user", "user")
	cmd.MarkFlagsMutuallyExclusive("static-user", "secret")
	cmd.MarkFlagsMutuallyExclusive("static-user", "ttl")
	return cmd
}

// printCredentials writes a credential that works with the configuration now.
func printCredentials(w io.Writer, cfg *config.Config) error {
	return writeCredential(w, cfg, credentialRequest{timeToLive: defaultTimeToLive, format: string(credentials.FormatICEServers)})
}

// writeCredential writes one line of JSON, ready to paste.
func writeCredential(w io.Writer, cfg *config.Config, request credentialRequest) error {
	if cfg.STUN.Only {
		return errors.New("no credential is good for anything with stun.only: true: nobody can relay")
	}
	format, err := credentials.ParseFormat(request.format)
	if err != nil {
		return err
	}
	realm, known := cfg.RealmOf(request.realm)
	if !known {
		return fmt.Errorf("no realm is named %q in the configuration", request.realm)
	}
	grant, err := issue(cfg, realm, request)
	if err != nil {
		return err
	}
	if grant.URLs, err = turnURLs(cfg, realm); err != nil {
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(grant.Shape(format, request.secret))
}

// issue makes or finds the credential that is asked for, without the URLs.
func issue(cfg *config.Config, realm config.Realm, request credentialRequest) (credentials.Grant, error) {
	if request.staticUser != "" {
		return staticCredential(realm.Users, request.staticUser)
	}
	secret, err := chooseSecret(realm, request.secret)
	if err != nil {
		return credentials.Grant{}, err
	}
	switch longest := cfg.Auth.MaxTimeToLive.Std(); {
	case request.timeToLive <= 0:
		return credentials.Grant{}, fmt.Errorf("--ttl %s has passed already: give a positive time, such as 24h", request.timeToLive)
	case longest > 0 && request.timeToLive > longest:
		return credentials.Grant{}, fmt.Errorf("--ttl %s is longer than auth.max_time_to_live, which is %s: the server would refuse it", request.timeToLive, cfg.Auth.MaxTimeToLive)
	}
	return cfg.Issuer(realm, secret).Issue(request.user, request.timeToLive, nil)
}

// staticCredential is valid as long as the configuration holds it; a day stands
// in for that in formats that tell a time.
func staticCredential(users []config.User, name string) (credentials.Grant, error) {
	var names []string
	for _, user := range users {
		if user.Name == name && user.Password == "" {
			return credentials.Grant{}, fmt.Errorf("static user %q has a key, from which no password can be had", name)
		}
		if user.Name == name {
			return credentials.Grant{
				Username: user.Name, Password: user.Password.Reveal(), TimeToLive: defaultTimeToLive, IssuedAt: time.Now(),
			}, nil
		}
		names = append(names, user.Name)
	}
	if len(names) == 0 {
		return credentials.Grant{}, errors.New("no static user is configured: set auth.users")
	}
	return credentials.Grant{}, fmt.Errorf("no static user %q is configured, only %s", name, strings.Join(names, ", "))
}

func chooseSecret(realm config.Realm, name string) (config.SharedSecret, error) {
	var names []string
	for _, secret := range realm.Secrets {
		if name == "" || secret.Name == name {
			return secret, nil
		}
		if secret.Name != "" {
			names = append(names, secret.Name)
		}
	}
	switch {
	case len(realm.Secrets) == 0 && len(realm.Users) > 0:
		return config.SharedSecret{}, errors.New("no shared secret is configured: set auth.secrets, or print a static user by --static-user NAME")
	case len(realm.Secrets) == 0:
		return config.SharedSecret{}, errors.New("no shared secret is configured: set auth.secrets")
	case len(names) == 0:
		return config.SharedSecret{}, fmt.Errorf("no shared secret is named %q: those in auth.secrets have no name", name)
	default:
		return config.SharedSecret{}, fmt.Errorf("no shared secret is named %q, only %s", name, strings.Join(names, ", "))
	}
}

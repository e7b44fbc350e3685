package authn_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
)

func TestNewRefuses(t *testing.T) {
	alice := authn.User{Name: "alice", Password: "wonderland"}
	key, err := authn.ParseKey("8493fbc53ba582fb4c044c456bdc40eb")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  authn.Config
		want []string
	}{
		{"nothing", authn.Config{Realm: "r"}, []string{"no credentials: set auth.users, auth.secrets or auth.stores, or auth.anonymous"}},
		{"realm", authn.Config{Users: []authn.User{alice}}, []string{`realm: "" is empty`}},
		{"everything at once", authn.Config{
			Realm: `a"b`,
			Users: []authn.User{
				alice,
				{Name: "alice", Password: "sesame"},
				{Name: "Jose\u0301", Password: "sesame"},
				{Name: "Jos\u00e9", Password: "sesame"},
				{Password: "sesame"},
				{Name: "bob"},
				{Name: "carol", Password: "sesame", Key: key},
				{Name: "dave", Password: "sesame\n"},
			},
			Secrets:       []authn.Secret{{Name: "old", Value: "opensesame"}, {Value: ""}, {Name: "old", Value: "other"}, {Value: "opensesame"}},
			Expiry:        7,
			ExpiryGrace:   -time.Second,
			ClockSkew:     -2 * time.Second,
			MaxTimeToLive: -time.Minute,
		}, []string{
			`realm: "a\"b" contains a quote`,
			`users[1]: name "alice" repeats users[0]`,
			`users[3]: name "José" repeats users[2]`,
			`users[4]: name is empty`,
			`users[5]: has neither a password nor a key`,
			`users[6]: has both a password and a key`,
			`users[7]: password contains a character`,
			`secrets[1]: value is empty`,
			`secrets[2]: name "old" repeats secrets[0]`,
			`secrets[3]: value repeats secrets[0]`,
			`expiry: unknown mode 7`,
			`expiry_grace: -1s is negative`,
			`clock_skew: -2s is negative`,
			`max_time_to_live: -1m0s is negative`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := authn.New(tt.cfg)
			if err == nil || a != nil {
				t.Fatalf("got %v and no error, want an error", a)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; got != len(tt.want) {
				t.Errorf("got %d problems, want %d:\n%v", got, len(tt.want), err)
			}
			for _, secret := range []string{"wonderland", "sesame", "8493fb"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error contains the secret %q: %v", secret, err)
				}
			}
		})
	}
}

func TestNewAcceptsEachKindAlone(t *testing.T) {
	tests := map[string]authn.Config{
		"users":     {Users: []authn.User{{Name: "alice", Password: "wonderland"}}},
		"secrets":   {Secrets: []authn.Secret{{Value: "north"}}},
		"source":    {Source: newFakeSource()},
		"anonymous": {Anonymous: true},
	}
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			cfg.Realm = "re\u0301alm"
			a, err := authn.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := a.Realm(), "r\u00e9alm"; got != want {
				t.Errorf("realm: got %q, want %q", got, want)
			}
			if got := a.Anonymous(); got != cfg.Anonymous {
				t.Errorf("anonymous: got %t, want %t", got, cfg.Anonymous)
			}
		})
	}
	if _, err := authn.New(authn.Config{Realm: "r"}); !errors.Is(err, authn.ErrNoCredentials) {
		t.Errorf("got %v, want ErrNoCredentials", err)
	}
}

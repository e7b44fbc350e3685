package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
)

func TestDevIsReadyToServe(t *testing.T) {
	base := config.Dev()
	c, warnings, err := config.Load(config.Options{Base: base, Set: []string{"workers=2"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("got warnings %v, want none about what the profile means", warnings)
	}
	if diff := cmp.Diff(config.Defaults().Listeners, c.Listeners); diff != "" {
		t.Errorf("listeners differ from every local address at 3478 (-want +got):\n%s", diff)
	}
	if c.Workers != 2 || c.Auth.Realm != "fairlead.dev" || c.Auth.Users[0].Name != "dev" {
		t.Errorf("got %d workers, realm %s, users %v, want the profile with 2 workers", c.Workers, c.Auth.Realm, c.Auth.Users)
	}
	if got := c.Origin("auth.realm").Source; got != config.FromProfile {
		t.Errorf("origin of the realm: got %s, want profile", got)
	}
	if got := c.Origin("log.level").Source; got != config.FromDefault {
		t.Errorf("origin of the level: got %s, want default", got)
	}
}

func TestDevCredentialsAreMadeUpEachTime(t *testing.T) {
	a, b := config.Dev(), config.Dev()
	if a.Auth.Users[0].Password == b.Auth.Users[0].Password || a.Auth.Secrets[0].Value == b.Auth.Secrets[0].Value {
		t.Error("two profiles share a credential")
	}
	if n := len(a.Auth.Secrets[0].Value); n < 16 {
		t.Errorf("the secret has %d characters, too few", n)
	}
}

func TestReadLeavesTheBaseAlone(t *testing.T) {
	base := config.Dev()
	base.Auth.Users[0].Password = ""
	base.Auth.Users[0].PasswordFile = file(t, "from the file")
	c, err := config.Read(config.Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Auth.Users[0].Password.Reveal(); got != "from the file" {
		t.Errorf("got password %q, want the content of the file", got)
	}
	if got := base.Auth.Users[0].Password.Reveal(); got != "" {
		t.Errorf("the base has password %q now", got)
	}
}

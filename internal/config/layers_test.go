package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/internal/config"
)

// ignoreOrigins compares values only, and takes absent lists for empty ones.
var ignoreOrigins = cmp.Options{cmpopts.IgnoreUnexported(config.Config{}), cmpopts.EquateEmpty()}

func TestNothingSaidIsDefaults(t *testing.T) {
	c, err := config.Read(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Defaults(), c, ignoreOrigins); diff != "" {
		t.Errorf("configuration differs (-want +got):\n%s", diff)
	}
}

func TestUpperLayerWins(t *testing.T) {
	name := file(t, "log: {level: warn}\nworkers: 2\nrelay: {min_port: 50000}\n")
	t.Setenv("FAIRLEAD_WORKERS", "3")
	t.Setenv("FAIRLEAD_RELAY_MIN_PORT", "50001")
	c, err := config.Read(config.Options{File: name, Set: []string{"relay.min_port=50002", "relay.min_port=50003"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path      string
		got, want any
		origin    string
	}{
		{"relay.max_port", c.Relay.MaxPort, 65535, "default"},
		{"log.level", c.Log.Level, "warn", "file " + name + ":1"},
		{"workers", c.Workers, 3, "env FAIRLEAD_WORKERS"},
		{"relay.min_port", c.Relay.MinPort, 50003, "flag --set relay.min_port"},
	} {
		if test.got != test.want || c.Origin(test.path).String() != test.origin {
			t.Errorf("%s: got %v from %s, want %v from %s", test.path, test.got, c.Origin(test.path), test.want, test.origin)
		}
	}
}

func TestFileFromTheEnvironment(t *testing.T) {
	t.Setenv("FAIRLEAD_CONFIG", file(t, "workers: 7\n"))
	c, err := config.Read(config.Options{})
	if err != nil || c.Workers != 7 {
		t.Errorf("got %+v, %v, want 7 workers", c, err)
	}
}

// sample returns a value for a key that is not its default, as text.
func sample(t *testing.T, key config.Key) string {
	switch key.Type {
	case "whole number":
		return "12345"
	case "true or false":
		isOn := key.Path == "auth.security_features" || key.Path == "stun.binding"
		return strconv.FormatBool(!isOn)
	case "duration":
		return "77s"
	case "list of text":
		return "one, two"
	case "list":
		return `[{` + key.Elements[0] + `: "sample"}]`
	}
	if strings.HasSuffix(key.Path, "_file") {
		return file(t, "content")
	}
	return "sample"
}

// TestEveryKeyCanBeSet proves for each key that its variable and its flag
// reach it, and nothing else.
func TestEveryKeyCanBeSet(t *testing.T) {
	base, err := config.Read(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, key config.Key, o config.Options, source config.Source) {
		t.Helper()
		c, err := config.Read(o)
		if err != nil {
			t.Fatal(err)
		}
		changes := config.Diff(base, c)
		got := append(changes.Live, changes.Restart...)
		want := []string{key.Path}
		isSecret := func(path string) bool {
			return slices.ContainsFunc(config.Keys(), func(k config.Key) bool { return k.Path == path })
		}
		if twin, isFile := strings.CutSuffix(key.Path, "_file"); isFile && isSecret(twin) {
			want = []string{twin, key.Path}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("changed keys differ (-want +got):\n%s", diff)
		}
		if origin := c.Origin(key.Path); origin.Source != source {
			t.Errorf("got origin %s, want %s", origin, source)
		}
	}
	for _, key := range config.Keys() {
		t.Run(key.Variable, func(t *testing.T) {
			t.Setenv(key.Variable, sample(t, key))
			check(t, key, config.Options{}, config.FromEnvironment)
		})
		t.Run(key.Path, func(t *testing.T) {
			check(t, key, config.Options{Set: []string{key.Path + "=" + sample(t, key)}}, config.FromFlag)
		})
	}
}

func TestTextOfVariables(t *testing.T) {
	for _, test := range []struct{ name, variable, value, want string }{
		{"JSON list of structs", "FAIRLEAD_AUTH_USERS", `[{"name":"a","password":"b"}]`, `users [{Name:a Password:*** PasswordFile: Key: KeyFile:}]`},
		{"unknown key in a list", "FAIRLEAD_AUTH_USERS", `[{nam: "a"}]`, `FAIRLEAD_AUTH_USERS: auth.users[0].nam: unknown key; did you mean name?`},
		{"no list", "FAIRLEAD_AUTH_SECRETS", `hunter2hunter2`, `FAIRLEAD_AUTH_SECRETS: auth.secrets: must be a list`},
		{"broken list", "FAIRLEAD_AUTH_SECRETS", `[{value: hunter2`, `FAIRLEAD_AUTH_SECRETS: auth.secrets: not valid YAML`},
		{"wrong type in a list", "FAIRLEAD_AUTH_SECRETS", `[{value: 22}]`, `FAIRLEAD_AUTH_SECRETS: auth.secrets[0].value = ***: must be text`},
		{"rules with commas", "FAIRLEAD_PEERS_DENY", `10.0.0.0/8, ::1/128 port 1-5,`, `deny ["10.0.0.0/8" "::1/128 port 1-5"]`},
		{"rules in brackets", "FAIRLEAD_PEERS_DENY", `["10.0.0.0/8", "::1/128"]`, `deny ["10.0.0.0/8" "::1/128"]`},
		{"number in a list of text", "FAIRLEAD_PEERS_DENY", `[10]`, `FAIRLEAD_PEERS_DENY: peers.deny[0] = 10: must be text`},
		{"fraction", "FAIRLEAD_WORKERS", "1.5", `FAIRLEAD_WORKERS: workers = "1.5": must be a whole number`},
		{"yes is not true", "FAIRLEAD_AUTH_ANONYMOUS", "yes", `FAIRLEAD_AUTH_ANONYMOUS: auth.anonymous = "yes": must be true or false`},
		{"duration without unit", "FAIRLEAD_AUTH_CLOCK_SKEW", "5", `FAIRLEAD_AUTH_CLOCK_SKEW: auth.clock_skew = "5": needs a unit`},
		{"empty sets nothing", "FAIRLEAD_WORKERS", "", `workers 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			c, err := config.Read(config.Options{})
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = fmt.Sprintf("users %+v deny %q workers %d", c.Auth.Users, c.Peers.Deny, c.Workers)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if strings.Contains(got, "hunter2") {
				t.Errorf("a problem shows a secret: %s", got)
			}
		})
	}
}

func TestUnusedVariablesAreWarnedAbout(t *testing.T) {
	t.Setenv("FAIRLEAD_RELAY_MINPORT", "50000")
	t.Setenv("FAIRLEAD_COLOUR", "red")
	// A Kubernetes service called fairlead leaves these in every container.
	t.Setenv("FAIRLEAD_SERVICE_HOST", "10.0.0.1")
	t.Setenv("FAIRLEAD_SERVICE_PORT_TURN", "3478")
	t.Setenv("FAIRLEAD_PORT", "udp://10.0.0.1:3478")
	t.Setenv("FAIRLEAD_PORT_3478_UDP_ADDR", "10.0.0.1")
	_, warnings, err := config.Load(config.Options{File: file(t, credentials)})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Warning{
		{Text: "the environment variable FAIRLEAD_COLOUR sets no key"},
		{Text: "the environment variable FAIRLEAD_RELAY_MINPORT sets no key; did you mean FAIRLEAD_RELAY_MIN_PORT?"},
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings differ (-want +got):\n%s", diff)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	for name, path := range map[string]string{
		"missing":   filepath.Join(t.TempDir(), "none.yaml"),
		"directory": t.TempDir(),
	} {
		if _, err := config.Read(config.Options{File: path}); err == nil || !strings.Contains(err.Error(), "read configuration file: ") {
			t.Errorf("%s: got %v, want the reason", name, err)
		}
	}
	large := file(t, "")
	if err := os.Truncate(large, 100<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Read(config.Options{File: large}); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("large: got %v, want the bound", err)
	}
}

func TestPathsOfSettings(t *testing.T) {
	for path, want := range map[string]string{
		"relay":              "is a section; set its keys one by one",
		"auth.users[0].name": "is inside the list or value auth.users, which can only be set whole",
		"Log.Level":          "unknown key; did you mean log.level?",
		"nothing.like.that":  "unknown key; fairlead config show lists them all",
	} {
		_, err := config.Read(config.Options{Set: []string{path + "=x"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--set %s=x: got %v, want %q", path, err, want)
		}
	}
}

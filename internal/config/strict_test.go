package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
)

// TestFileIsStrict has a case for every way in which a lenient reader guesses.
func TestFileIsStrict(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "workers: 1\nauth:\n  relm: \"x\"\n", "fairlead.yaml:3: auth.relm: unknown key; did you mean realm?"},
		{"unknown key at the top", "worker: 1\n", "fairlead.yaml:1: worker: unknown key; did you mean workers?"},
		{"key of another section", "max_lifetime: 1h\n", "fairlead.yaml:1: max_lifetime: unknown key here; did you mean allocation.max_lifetime?"},
		{"unknown key in a list", "auth:\n  users:\n    - name: \"a\"\n      pasword: \"b\"\n", "fairlead.yaml:4: auth.users[0].pasword: unknown key; did you mean password?"},
		{"key in other case", "Workers: 1\n", "fairlead.yaml:1: Workers: unknown key; did you mean workers?"},
		{"dotted key", "relay.min_port: 50000\n", "fairlead.yaml:1: relay.min_port: unknown key; known here: listeners"},
		{"merge key", "log: &a {level: info}\nrelay:\n  <<: *a\n", "fairlead.yaml:3: relay.<<: unknown key"},
		{"key twice", "workers: 1\nlog:\n  level: info\nworkers: 2\n", "fairlead.yaml:4: workers: stands here a second time, first in line 1"},
		{"users that differ in case as map keys", "auth:\n  users:\n    Alice: \"a\"\n    alice: \"b\"\n", "fairlead.yaml:3: auth.users: must be a list"},
		{"text for a number", "relay:\n  min_port: \"50000\"\n", "fairlead.yaml:2: relay.min_port = 50000: must be a whole number, without quotes and fraction"},
		{"empty text for a number", "relay:\n  min_port: \"\"\n", "fairlead.yaml:2: relay.min_port: must be a whole number"},
		{"fraction for a number", "relay:\n  min_port: 3478.5\n", "fairlead.yaml:2: relay.min_port = 3478.5: must be a whole number"},
		{"exponent for a number", "relay:\n  min_port: 5e4\n", "fairlead.yaml:2: relay.min_port = 5e4: must be a whole number"},
		{"number beyond 64 bits", "workers: 99999999999999999999\n", "fairlead.yaml:1: workers = 99999999999999999999: must be a whole number"},
		{"number for text", "auth:\n  realm: 12\n", "fairlead.yaml:2: auth.realm = 12: must be text: put it in quotes"},
		{"boolean for text", "auth:\n  realm: true\n", "fairlead.yaml:2: auth.realm = true: must be text: put it in quotes"},
		{"number for a boolean", "auth:\n  anonymous: 1\n", "fairlead.yaml:2: auth.anonymous = 1: must be true or false, without quotes"},
		{"text for a boolean", "auth:\n  anonymous: \"true\"\n", "fairlead.yaml:2: auth.anonymous = true: must be true or false, without quotes"},
		{"duration without unit", "allocation:\n  max_lifetime: 600\n", "fairlead.yaml:2: allocation.max_lifetime = 600: needs a unit, such as 600s, 10m or 24h"},
		{"zero duration without unit", "auth:\n  clock_skew: 0\n", "fairlead.yaml:2: auth.clock_skew = 0: needs a unit"},
		{"duration as text without unit", "auth:\n  clock_skew: \"1.5\"\n", "fairlead.yaml:2: auth.clock_skew = 1.5: needs a unit"},
		{"duration in no unit", "auth:\n  clock_skew: 3d\n", "fairlead.yaml:2: auth.clock_skew = 3d: must be a duration with its unit"},
		{"one value for a list", "peers:\n  deny: \"10.0.0.0/8\"\n", "fairlead.yaml:2: peers.deny: must be a list"},
		{"number in a list of text", "peers:\n  deny: [10]\n", "fairlead.yaml:2: peers.deny[0] = 10: must be text"},
		{"list for one value", "workers: [1]\n", "fairlead.yaml:1: workers: must be one value (whole number)"},
		{"value for a section", "auth: \"none\"\n", "fairlead.yaml:1: auth: must hold keys: realm, users"},
		{"list for a section", "- workers: 1\n", "fairlead.yaml:1: must hold keys: listeners"},
		{"IPv6 without quotes in brackets", "peers:\n  deny: [10.0.0.0/8, ::1/128]\n", "fairlead.yaml: not valid YAML: line "},
		{"tabs", "auth:\n\trealm: \"x\"\n", "fairlead.yaml: not valid YAML: line 2"},
		{"two documents", "workers: 1\n---\nworkers: 2\n", "fairlead.yaml: holds more than one YAML document"},
		{"secret as number", "auth:\n  nonce_key: 314159265\n", "fairlead.yaml:2: auth.nonce_key = ***: must be text: put it in quotes"},
		{"secret with an asterisk", "auth:\n  nonce_key: *314159265\n", "a value that starts with * must be put in quotes"},
		{"alias that holds itself", "peers: &p\n  deny: [*p]\n", "fairlead.yaml:1: peers.deny[0]: must be one value"},
		{"key that is a list", "? [a]\n: 1\n", "unknown key"},
		{"key with a line break", "\"a\\nb\": 1\n", `"a\nb": unknown key`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problems(t, test.text)
			if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, test.want) }) {
				t.Errorf("got problems\n%s\nwant one with\n%s", strings.Join(got, "\n"), test.want)
			}
			if all := strings.Join(got, "\n"); strings.Contains(all, "314159265") {
				t.Errorf("a problem shows a secret:\n%s", all)
			}
		})
	}
}

func TestEveryProblemOfAFileIsListed(t *testing.T) {
	got := problems(t, "workers: 1.5\nrelm: \"x\"\nlog:\n  level: 3\n  colour: true\nauth:\n  clock_skew: 5\n", "relay.min_port=many", "log.levl=info", "log")
	want := []string{
		`fairlead.yaml:1: workers = 1.5: must be a whole number, without quotes and fraction`,
		`fairlead.yaml:2: relm: unknown key here; did you mean auth.realm?`,
		`fairlead.yaml:4: log.level = 3: must be text: put it in quotes`,
		`fairlead.yaml:5: log.colour: unknown key; known here: level, format`,
		`fairlead.yaml:7: auth.clock_skew = 5: needs a unit, such as 600s, 10m or 24h`,
		`--set: log.levl: unknown key; did you mean log.level?`,
		`--set takes path=value, such as --set log.level=debug`,
		`--set relay.min_port: relay.min_port = "many": must be a whole number`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
}

func TestCaseOfValuesIsKept(t *testing.T) {
	c := read(t, `
auth:
  realm: "Example.ORG"
  users:
    - {name: "Alice", password: "one"}
    - {name: "alice", password: "two"}
`)
	want := []config.User{{Name: "Alice", Password: "one"}, {Name: "alice", Password: "two"}}
	if diff := cmp.Diff(want, c.Auth.Users); diff != "" || c.Auth.Realm != "Example.ORG" {
		t.Errorf("realm %q, users differ (-want +got):\n%s", c.Auth.Realm, diff)
	}
}

func TestKeyWithoutValueKeepsItsDefault(t *testing.T) {
	c := read(t, "listeners:\nauth:\n  realm:\n  users:\nrelay: ~\n")
	if diff := cmp.Diff(read(t, ""), c, ignoreOrigins); diff != "" {
		t.Errorf("configuration differs (-want +got):\n%s", diff)
	}
}

func TestAliasesWork(t *testing.T) {
	c := read(t, "peers:\n  allow: &private [\"10.0.0.0/8\"]\n  deny: *private\n")
	if diff := cmp.Diff([]string{"10.0.0.0/8"}, c.Peers.Deny); diff != "" {
		t.Errorf("deny differs (-want +got):\n%s", diff)
	}
}

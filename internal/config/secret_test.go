package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
)

const hidden = "hunter2hunter2"

// secretive has hidden in every place for a secret.
func secretive() *config.Config {
	c := config.Defaults()
	c.Auth.Users = []config.User{{Name: "alice", Password: hidden, Key: hidden}}
	c.Auth.Secrets = []config.SharedSecret{{Name: "app", Value: hidden}}
	c.Auth.NonceKey = hidden
	return c
}

func TestSecretNeverShows(t *testing.T) {
	c := secretive()
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T"} {
		shown["Secret "+verb] = fmt.Sprintf(verb, c.Auth.NonceKey)
		shown["*Config "+verb] = fmt.Sprintf(verb, c)
		shown["[]User "+verb] = fmt.Sprintf(verb, c.Auth.Users)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(encoded)
	if encoded, err = yaml.Marshal(c); err != nil {
		t.Fatal(err)
	}
	shown["YAML"] = string(encoded)
	var out bytes.Buffer
	if err := c.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	shown["WriteYAML"] = out.String()
	out.Reset()
	log, _, err := logging.New(&out, logging.FormatJSON, zapcore.InfoLevel)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("all", zap.Any("config", c), zap.Any("secret", c.Auth.NonceKey), zap.Stringer("again", c.Auth.NonceKey), zap.Reflect("users", c.Auth.Users))
	shown["log"] = out.String()
	shown["problems"] = c.Validate().Error()
	for _, warning := range c.Warnings() {
		shown["warnings"] += warning.String()
	}
	next := config.Defaults()
	shown["diff"] = fmt.Sprint(config.Diff(c, next))
	for how, text := range shown {
		for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the secret: %s", how, text)
			}
		}
	}
	if got := c.Auth.NonceKey.Reveal(); got != hidden {
		t.Errorf("Reveal: got %q, want %q", got, hidden)
	}
	for how, want := range map[string]string{"Secret %v": "***", "Secret %#v": "***", "Secret %d": "***"} {
		if shown[how] != want {
			t.Errorf("%s: got %q, want %q", how, shown[how], want)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("password", "line\n")
	write("key", "00112233445566778899aabbccddeeff\r\n")
	write("value", "  two newlines, one stays\n\n")
	write("nonce", strings.Repeat("n", 32))
	write("fairlead.yaml", `
auth:
  users:
    - {name: "a", password_file: "password"}
    - {name: "b", key_file: "`+filepath.Join(dir, "key")+`"}
  secrets: [{value_file: "value"}]
  nonce_key_file: "nonce"
`)
	c, _, err := config.Load(config.Options{File: filepath.Join(dir, "fairlead.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		got  config.Secret
		want string
	}{
		{"password", c.Auth.Users[0].Password, "line"},
		{"key", c.Auth.Users[1].Key, "00112233445566778899aabbccddeeff"},
		{"value", c.Auth.Secrets[0].Value, "  two newlines, one stays\n"},
		{"nonce_key", c.Auth.NonceKey, strings.Repeat("n", 32)},
	} {
		if test.got.Reveal() != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got.Reveal(), test.want)
		}
	}
}

func TestSecretFilesWithProblems(t *testing.T) {
	empty := file(t, "\n")
	large := file(t, strings.Repeat("x", 65<<10))
	got := strings.Join(problems(t, `
auth:
  users:
    - name: "a"
      password_file: "missing"
    - name: "b"
      password: "`+hidden+`"
      password_file: "fairlead.yaml"
    - name: "c"
      key_file: "`+empty+`"
  secrets:
    - value_file: "`+large+`"
`), "\n")
	for _, want := range []string{
		"fairlead.yaml:5: auth.users[0].password_file: read secret: open missing: no such file or directory",
		"fairlead.yaml:8: auth.users[1].password_file: stands beside password: keep one of the two",
		"fairlead.yaml:10: auth.users[2].key_file: the file " + empty + " is empty",
		"fairlead.yaml:12: auth.secrets[0].value_file: read secret: read " + large + ": longer than the permitted 65536 bytes",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got problems\n%s\nwant one with\n%s", got, want)
		}
	}
	if strings.Contains(got, hidden) {
		t.Errorf("a problem shows a secret:\n%s", got)
	}
}

package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/config"
)

// credentials is the least that passes Validate.
const credentials = `
auth:
  secrets:
    - value: "0123456789abcdef0123456789abcdef"
`

// file writes a configuration file.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fairlead.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// read decodes a text that must have no problems.
func read(t *testing.T, text string, set ...string) *config.Config {
	t.Helper()
	c, err := config.Read(config.Options{File: file(t, text), Set: set})
	if err != nil {
		t.Fatalf("read:\n%v", err)
	}
	return c
}

// problems loads a text that must have some, and returns them without the
// directory of the file.
func problems(t *testing.T, text string, set ...string) []string {
	t.Helper()
	name := file(t, text)
	_, _, err := config.Load(config.Options{File: name, Set: set})
	return lines(t, err, name)
}

func lines(t *testing.T, err error, name string) []string {
	t.Helper()
	var found config.Problems
	if !errors.As(err, &found) {
		t.Fatalf("got error %v, want Problems", err)
	}
	return strings.Split(strings.ReplaceAll(found.Error(), filepath.Dir(name)+"/", ""), "\n")
}

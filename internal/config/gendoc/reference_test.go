package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/internal/config"
)

// Paths from this directory, where go test runs.
const (
	testReference = "../" + referenceFile
	testDocument  = "../" + documentFile
	testMinimal   = "../../../configs/minimal.yaml"
)

func parse(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile(testReference)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := parseReference(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestReferenceIsAtTheDefaults(t *testing.T) {
	c, err := config.Read(config.Options{File: testReference})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Defaults(), c, cmpopts.IgnoreUnexported(config.Config{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the reference differs from the defaults (-want +got):\n%s", diff)
	}
}

func TestReferenceNamesEveryKeyAndNothingElse(t *testing.T) {
	var want, got []string
	for _, key := range config.Keys() {
		want = append(want, key.Path)
	}
	for _, e := range parse(t).entries {
		if !e.isSection {
			got = append(got, e.path)
		}
		if e.meaning == "" {
			t.Errorf("%s has no comment", e.path)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys differ (-want +got):\n%s", diff)
	}
}

// TestExamplesCanBePasted loads each example as a file of its own and checks
// that the elements of lists are shown with all that they can hold.
func TestExamplesCanBePasted(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"bob.password": "a password", "dave.key": "00112233445566778899aabbccddeeff", "turn": strings.Repeat("s", 32),
		"oauth":      "bm90IGEgc2VjcmV0LCBqdXN0IGFuIGV4YW1wbGUuLi4=",
		"coturn-dsn": "postgres://turn:a@192.0.2.9/turn", "portal-token": "a token", "tokens": strings.Repeat("s", 32),
		"tokens.password": "a password", "tokens.pem": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEARCr0YemI2a+tyB4jRbQ0y1JEt0DgXaJhURWoUQuml/g=\n-----END PUBLIC KEY-----\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	examples := map[string]string{}
	for _, e := range parse(t).entries {
		if e.example == "" {
			continue
		}
		examples[e.path] = e.example
		file := filepath.Join(dir, "fairlead.yaml")
		text := strings.ReplaceAll(nested(e), "/run/secrets", dir)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, err := config.Load(config.Options{File: file, Set: []string{"auth.anonymous=true"}})
		if err != nil {
			t.Errorf("example of %s:\n%s\n%v", e.path, text, err)
			continue
		}
		if got := c.Origin(e.path).Source; got != config.FromFile {
			t.Errorf("example of %s sets something else:\n%s", e.path, text)
		}
	}
	for _, key := range config.Keys() {
		for _, element := range key.Elements {
			if !regexp.MustCompile(`(?m)^[ -]*` + element + `:`).MatchString(examples[key.Path]) {
				t.Errorf("the example of %s does not show %s", key.Path, element)
			}
		}
	}
}

func TestMinimalWorksOnceItsSecretIsSet(t *testing.T) {
	_, _, err := config.Load(config.Options{File: testMinimal})
	if err == nil || !strings.HasSuffix(err.Error(), "auth.secrets[0]: value is empty") || strings.Contains(err.Error(), "\n") {
		t.Errorf("as it is: got %v, want only the empty secret", err)
	}
	text, err := os.ReadFile(testMinimal)
	if err != nil {
		t.Fatal(err)
	}
	filled := filepath.Join(t.TempDir(), "fairlead.yaml")
	if err := os.WriteFile(filled, []byte(strings.Replace(string(text), `value: ""`, `value: "0123456789abcdef0123456789abcdef"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, warnings, err := config.Load(config.Options{File: filled})
	if err != nil || len(warnings) != 0 {
		t.Errorf("with a secret: got %v, warnings %v, want none", err, warnings)
	}
}

func TestDocumentIsUpToDate(t *testing.T) {
	made := filepath.Join(t.TempDir(), "CONFIG.md")
	if err := generate(testReference, made); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(testDocument)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/CONFIG.md is stale, run make gen (-want +got):\n%s", diff)
	}
}

func TestGenerateReportsWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	if err := generate(filepath.Join(dir, "none.yaml"), filepath.Join(dir, "out.md")); err == nil {
		t.Error("missing file: got no error")
	}
	list := filepath.Join(dir, "list.yaml")
	if err := os.WriteFile(list, []byte("- a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := generate(list, filepath.Join(dir, "out.md")); err == nil {
		t.Error("a list: got no error")
	}
}

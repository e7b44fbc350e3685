//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestSecretBookFinds each secret in every form that it could show in.
func TestSecretBookFinds(t *testing.T) {
	const secret = `s3cret "of/this test"`
	var book secretBook
	book.add("the secret", secret, false)
	book.add("short", "abc", false)
	book.addPassword("wanda", "example.org", "a password of wanda")
	key, err := hex.DecodeString("2fe1d5cfe0f79ffbd9fff8e2bf0f30c3")
	if err != nil {
		t.Fatal(err)
	}
	book.add("a key", string(key), false)
	for _, test := range []struct {
		name, text string
		found      bool
		granted    bool // also where credentials are handed out
	}{
		{"plain", "x" + secret + "y", true, true},
		{"JSON", fmt.Sprintf("{%q:%q}", "a", secret), true, true},
		{"URL", "redis://:s3cret+%22of%2Fthis+test%22@host", true, true},
		{"base64", base64.StdEncoding.EncodeToString([]byte(secret)), true, true},
		{"hex of a key", "key 2fe1d5cfe0f79ffbd9fff8e2bf0f30c3", true, true},
		{"password of a client", "got a password of wanda", true, false},
		{"too short to tell", "abc", false, false},
		{"hidden", "***", false, false},
	} {
		if got := len(book.find("first line\n"+test.text+"\n", false)) > 0; got != test.found {
			t.Errorf("%s: got found %v, want %v", test.name, got, test.found)
		}
		if got := len(book.find(test.text, true)) > 0; got != test.granted {
			t.Errorf("%s where credentials are handed out: got found %v, want %v", test.name, got, test.granted)
		}
	}
}

// confession is a test that keeps its failures, and ends when it is told to.
type confession struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (c *confession) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }
func (c *confession) Errorf(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

func (c *confession) end() {
	for _, f := range slices.Backward(c.cleanups) {
		f()
	}
}

// TestHarnessFindsSecrets: a test whose server shows a secret, in its log and in
// its configuration, fails by itself. Here the password of a user is its name.
func TestHarnessFindsSecrets(t *testing.T) {
	n := testnet.New(t)
	careless := user{Name: "a name that is the password", Password: "a name that is the password"}
	c := newConfig()
	c.Log.Level = "debug"
	c.Auth.Users = append(c.Auth.Users, careless)
	fake := &confession{TB: t}
	s := startServer(fake, n, c)
	cl := newClient(t, n.Clients, testnet.ClientV4, serverV4, careless)
	cl.allocate(t)
	cl.free(t)
	s.Stop(t)
	fake.end()
	for _, where := range []string{"the output of fairlead serve", "config show"} {
		if !slices.ContainsFunc(fake.failures, func(failure string) bool { return strings.Contains(failure, "a secret shows in "+where) }) {
			t.Errorf("got failures %q, want one about %s", fake.failures, where)
		}
	}

	quiet := &confession{TB: t}
	c.Auth.Users = []user{alice}
	s = startServer(quiet, n, c)
	cl = newClientV4(t, n)
	cl.allocate(t)
	cl.free(t)
	s.Stop(t)
	quiet.end()
	if len(quiet.failures) > 0 {
		t.Errorf("a server that keeps its secrets: got failures %q, want none", quiet.failures)
	}
}

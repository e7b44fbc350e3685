package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
)

// Keys of 32 and 16 bytes.
const (
	longTokenKey  = "bm90IGEgc2VjcmV0LCBqdXN0IGFuIGV4YW1wbGUuLi4="
	shortTokenKey = "b25seSBhbiBleGFtcGxlIQ=="
)

const oauth = `
listeners:
  - {address: "0.0.0.0:3478", transport: udp}
  - {address: "0.0.0.0:3479", transport: udp}
auth:
  realm: "example.org"
  oauth:
    server_name: "turn.example.org"
    keys:
      - {kid: "a", secret: "` + longTokenKey + `"}
      - {kid: "b", secret_file: "b.key", algorithm: A128GCM, tenant: "acme"}
realms:
  - name: "example.net"
    listeners: ["0.0.0.0:3479"]
    oauth:
      server_name: "turn.example.net"
      keys: [{kid: "c", secret_file: "b.key", algorithm: A128GCM}]
tenants:
  - {name: "acme"}
`

// Tokens alone are credentials enough, in each realm its own.
func TestOAuth(t *testing.T) {
	name := file(t, oauth)
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), "b.key"), []byte(shortTokenKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, warnings, err := config.Load(config.Options{File: name})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got %v and warnings %v", err, warnings)
	}
	want := authn.OAuth{ServerName: "turn.example.org", Keys: []authn.TokenKey{
		{ID: "a", Key: []byte("not a secret, just an example...")}, {ID: "b", Key: []byte("only an example!"), Tenant: "acme"},
	}}
	if diff := cmp.Diff(want, c.AuthnConfig().OAuth); diff != "" {
		t.Errorf("main realm differs (-want +got):\n%s", diff)
	}
	want = authn.OAuth{ServerName: "turn.example.net", Keys: []authn.TokenKey{{ID: "c", Key: []byte("only an example!")}}}
	if diff := cmp.Diff(want, c.RealmAuthnConfig(c.Realms[0]).OAuth); diff != "" {
		t.Errorf("second realm differs (-want +got):\n%s", diff)
	}
	var shown strings.Builder
	if err := c.WriteYAML(&shown); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.String(), longTokenKey[:10]) || strings.Contains(shown.String(), shortTokenKey[:10]) {
		t.Errorf("a key shows in\n%s", shown.String())
	}
}

func TestOAuthProblems(t *testing.T) {
	key := func(fields string) string {
		return "auth:\n  oauth:\n    server_name: \"turn\"\n    keys: [{" + fields + "}]\n"
	}
	for _, test := range []struct{ name, text, want string }{
		{"no server name", "auth:\n  oauth:\n    keys: [{kid: \"a\", secret: \"" + longTokenKey + "\"}]\n", "auth.oauth: server_name is empty"},
		{"no keys", "auth:\n  oauth:\n    server_name: \"turn\"\n", "auth.oauth: keys is empty"},
		{"not base64", key(`kid: "a", secret: "hunter2hunter2!"`), "auth.oauth.keys[0].secret = ***: is not base64"},
		{"too short", key(`kid: "a", secret: "` + shortTokenKey + `"`), "auth.oauth.keys[0].secret = ***: has 16 bytes, A256GCM takes 32: openssl rand -base64 32 makes one"},
		{"too long", key(`kid: "a", secret: "` + longTokenKey + `", algorithm: A128GCM`), "has 32 bytes, A128GCM takes 16: where another program takes the first 16, give those alone"},
		{"no secret", key(`kid: "a"`), "auth.oauth.keys[0].secret: has 0 bytes"},
		{"unknown algorithm", key(`kid: "a", secret: "` + longTokenKey + `", algorithm: A256CBC`), `auth.oauth.keys[0].algorithm = "A256CBC": must be one of A256GCM, A128GCM`},
		{"no kid", key(`secret: "` + longTokenKey + `"`), "auth.oauth: keys[0]: kid has 0 bytes"},
		{"tenant", key(`kid: "a", secret: "` + longTokenKey + `", tenant: "a b"`), "auth.oauth.keys[0].tenant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problems(t, test.text)
			if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, test.want) }) {
				t.Errorf("got problems\n%s\nwant one with\n%s", strings.Join(got, "\n"), test.want)
			}
			if all := strings.Join(got, "\n"); strings.Contains(all, "hunter2") || strings.Contains(all, longTokenKey[:10]) {
				t.Errorf("a problem shows a secret:\n%s", all)
			}
		})
	}
}

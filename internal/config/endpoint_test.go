package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
	issuing "github.com/fairlead/fairlead/internal/credentials"
)

// An API key issues with the first secret of its realm and tenant.
func TestCredentialKeys(t *testing.T) {
	c, _, err := config.Load(config.Options{File: file(t, `
listeners: [{address: "0.0.0.0:3478", transport: udp}, {address: "0.0.0.0:3479", transport: udp}]
auth:
  realm: "example.org"
  max_time_to_live: 12h
  secrets:
    - {value: "0123456789abcdef", tenant: "acme"}
    - {value: "1123456789abcdef"}
    - {value: "2123456789abcdef"}
realms:
  - {name: "example.net", listeners: ["0.0.0.0:3479"], secrets: [{value: "3123456789abcdef"}]}
credential_endpoint:
  address: "127.0.0.1:8787"
  keys:
    - {name: "a", key: "a123456789abcdef", tenant: "acme", max_time_to_live: 1h, requests_per_second: 7, may_revoke: true}
    - {name: "b", key: "b123456789abcdef"}
    - {name: "c", key: "c123456789abcdef", realm: "example.net"}
`)})
	if err != nil {
		t.Fatal(err)
	}
	issuer := func(realm, secret string) issuing.Issuer {
		return issuing.Issuer{Realm: realm, Secret: secret, MaxTimeToLive: 12 * time.Hour}
	}
	want := []issuing.Key{
		{Name: "a", Value: "a123456789abcdef", Issuer: issuer("example.org", "0123456789abcdef"), MaxTimeToLive: time.Hour, RequestsPerSecond: 7, Tenant: "acme", MayRevoke: true},
		{Name: "b", Value: "b123456789abcdef", Issuer: issuer("example.org", "1123456789abcdef"), MaxTimeToLive: 24 * time.Hour, RequestsPerSecond: 100},
		{Name: "c", Value: "c123456789abcdef", Issuer: issuer("example.net", "3123456789abcdef"), MaxTimeToLive: 24 * time.Hour, RequestsPerSecond: 100},
	}
	if diff := cmp.Diff(want, c.CredentialKeys()); diff != "" {
		t.Errorf("keys differ (-want +got):\n%s", diff)
	}
}

func TestMistakesInHTTPListeners(t *testing.T) {
	_, _, err := config.Load(config.Options{File: file(t, `
auth: {realm: "example.org", secrets: [{value: "0123456789abcdef"}]}
admin: {address: "127.0.0.1:9642", token: "short"}
state_dir: "relative"
credential_endpoint:
  address: "localhost:1"
  https: true
  allowed_origins: ["*", "https://app.example.org", "https://app.example.org/", "app"]
  keys:
    - {name: "a", key: "short"}
    - {name: "a", key: "0123456789abcdef"}
    - {name: "b", key: "0123456789abcdef", tenant: "acme"}
    - {name: "c c", key: "1123456789abcdef", realm: "nowhere"}
`)})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"admin.token", "state_dir", "credential_endpoint.address", "credential_endpoint.https", "allowed_origins[2]", "allowed_origins[3]",
		"keys[0].key", "keys[1].name", "keys[2].key", "keys[2].tenant", "keys[3].name", "keys[3].realm",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got no problem with %s in\n%v", want, err)
		}
	}
	for _, secret := range []string{"short", "0123456789abcdef", "1123456789abcdef"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("got the secret %q in\n%v", secret, err)
		}
	}
	if strings.Contains(err.Error(), "allowed_origins[0]") || strings.Contains(err.Error(), "allowed_origins[1]") {
		t.Errorf("got a good origin refused in\n%v", err)
	}
	for _, admin := range []string{`{address: "127.0.0.1:9642"}`, `{address: "unix:admin.sock"}`, `{address: "nonsense", token: "0123456789abcdef"}`} {
		if _, _, err := config.Load(config.Options{File: file(t, credentialsOf+"admin: "+admin+"\n")}); err == nil {
			t.Errorf("admin: %s: got no error", admin)
		}
	}
}

const credentialsOf = "auth: {realm: \"example.org\", secrets: [{value: \"0123456789abcdef\"}]}\n"

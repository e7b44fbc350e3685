package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
)

func TestDiffSplitsLiveFromRestart(t *testing.T) {
	old := read(t, credentials)
	next := read(t, `
listeners: [{address: "192.0.2.1:3478", transport: udp}]
auth:
  realm: "other"
  users: [{name: "a", password: "b"}]
  secrets: [{value: "another"}]
  expiry: strict
peers: {deny: ["8.8.8.8"]}
quota: {user_allocations: 1}
allocation: {max_lifetime: 1800s, wide_channel_numbers: true}
log: {level: debug, format: json}
`)
	want := config.Changes{
		Live: []string{
			"allocation.max_lifetime", "auth.users", "auth.secrets", "auth.expiry", "peers.deny", "quota.user_allocations", "log.level",
		},
		Restart: []string{"listeners", "allocation.wide_channel_numbers", "auth.realm", "log.format"},
	}
	if diff := cmp.Diff(want, config.Diff(old, next)); diff != "" {
		t.Errorf("changes differ (-want +got):\n%s", diff)
	}
}

func TestDiffOfTheSame(t *testing.T) {
	if got := config.Diff(read(t, credentials), read(t, credentials+"  users: []\npeers: {deny: []}\n")); !got.IsEmpty() {
		t.Errorf("got %+v, want no changes: an empty list is no list", got)
	}
}

func TestReloadAppliesOnlyWhatIsLive(t *testing.T) {
	running := read(t, credentials)
	next := read(t, "auth:\n  realm: \"other\"\n  secrets: [{value: \"another\"}]\nlog:\n  level: debug\n  format: json\n")
	effective, changes := config.Reload(running, next)
	if effective.Log.Level != "debug" || effective.Auth.Secrets[0].Value != "another" {
		t.Errorf("got level %s, secrets %v, want the live keys of the next configuration", effective.Log.Level, effective.Auth.Secrets)
	}
	if effective.Log.Format != "console" || effective.Auth.Realm != "fairlead" {
		t.Errorf("got format %s, realm %s, want those of the running configuration", effective.Log.Format, effective.Auth.Realm)
	}
	if effective.Origin("log.level").Line != 5 || effective.Origin("auth.realm").Source != config.FromDefault {
		t.Errorf("got origins %s and %s, want those of the values in effect", effective.Origin("log.level"), effective.Origin("auth.realm"))
	}
	if len(changes.Live) != 2 || len(changes.Restart) != 2 {
		t.Errorf("got changes %+v, want 2 live and 2 for a restart", changes)
	}
	if running.Log.Level != "info" || running.Auth.Secrets[0].Value == "another" {
		t.Error("Reload changed the running configuration")
	}
	if again, changes := config.Reload(effective, next); !cmp.Equal(again, effective, ignoreOrigins) || len(changes.Live) != 0 || len(changes.Restart) != 2 {
		t.Errorf("second reload of the same: got changes %+v, want only those that still wait for a restart", changes)
	}
}

// TestLiveKeys keeps the tags honest: each of these is promised to change
// while the server runs.
func TestLiveKeys(t *testing.T) {
	live := map[string]bool{}
	for _, key := range config.Keys() {
		live[key.Path] = key.Live
	}
	for _, path := range []string{"auth.users", "auth.secrets", "auth.expiry", "quota.user_allocations", "peers.allow", "peers.deny", "log.level", "allocation.max_lifetime", "stun.only", "stun.binding", "clients.allow", "clients.deny"} {
		if !live[path] {
			t.Errorf("%s is not live", path)
		}
	}
	for _, path := range []string{"listeners", "workers", "relay.min_port", "monitoring.address", "auth.nonce_key"} {
		if isLive, known := live[path]; isLive || !known {
			t.Errorf("%s: got live %v, known %v, want a key that needs a restart", path, isLive, known)
		}
	}
}

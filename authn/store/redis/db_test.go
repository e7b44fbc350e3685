package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/redis"
)

const realm = "north.gov"

// start runs a Redis in memory.
func start(t *testing.T) (*redis.DB, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	db, err := redis.Open(redis.Config{URL: "redis://" + server.Addr() + "/0", Timeout: time.Second, Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, server
}

func keyOf(t *testing.T, realm, name, password string) authn.Key {
	t.Helper()
	key, err := authn.LongTermKey(name, realm, password)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestCoturnKeys reads what coturn's documentation says stands where.
func TestCoturnKeys(t *testing.T) {
	db, server := start(t)
	ctx := t.Context()
	_ = server.Set("turn/realm/north.gov/user/gorst/key", "7da2270ccfa49786e0115366d3a3d14d")
	_ = server.Set("turn/realm/north.gov/user/broken/key", "hero")
	_, _ = server.SAdd("turn/realm/north.gov/user/set/key", "hero")
	_, _ = server.SAdd("turn/realm/north.gov/secret", "hero2", "hero1")
	record, err := db.User(ctx, realm, "gorst")
	if err != nil || record.Key.MD5 != keyOf(t, realm, "gorst", "hero").MD5 {
		t.Errorf("gorst: got %v, want the key of hero", err)
	}
	for _, name := range []string{"broken", "set"} {
		if _, err := db.User(ctx, realm, name); !errors.Is(err, store.ErrRejected) || strings.Contains(err.Error(), "hero") {
			t.Errorf("%s: got %v, want ErrRejected without the text", name, err)
		}
	}
	for _, name := range []string{"*", "gorst/../gorst", "g?rst", "", "%s", "gorst\r\nGET x"} {
		if _, err := db.User(ctx, realm, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", name, err)
		}
	}
	secrets, err := db.Secrets(ctx, realm)
	if err != nil || len(secrets) != 2 || secrets[0].Value != "hero1" || secrets[0].Name != store.Fingerprint("hero1") {
		t.Errorf("secrets: got %d, %v, want two in order", len(secrets), err)
	}
	if err := db.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	if diff := cmp.Diff([]string{server.Addr()}, db.Addresses()); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	server.Close()
	if _, err := db.User(ctx, realm, "gorst"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Redis is down: got %v, want an error", err)
	}
}

// TestNameIsOfItsRealm: no name reaches into a realm whose name has slashes.
func TestNameIsOfItsRealm(t *testing.T) {
	db, server := start(t)
	_ = server.Set("turn/realm/r/user/x/user/bob/key", "7da2270ccfa49786e0115366d3a3d14d")
	if _, err := db.User(t.Context(), "r/user/x", "bob"); err != nil {
		t.Errorf("bob of r/user/x: %v", err)
	}
	if _, err := db.User(t.Context(), "r", "x/user/bob"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("x/user/bob of r: got %v, want ErrNotFound", err)
	}
}

func TestAdminRoundTrip(t *testing.T) {
	db, server := start(t)
	ctx := t.Context()
	for _, name := range []string{"alice", "a/b", "*", `'"; --`} {
		if err := db.AddUser(ctx, realm, name, keyOf(t, realm, name, "x")); err != nil {
			t.Fatalf("add %q: %v", name, err)
		}
		if err := db.AddUser(ctx, realm, name, keyOf(t, realm, name, "y")); !errors.Is(err, store.ErrExists) {
			t.Errorf("add %q again: got %v, want ErrExists", name, err)
		}
		if record, err := db.User(ctx, realm, name); err != nil || record.Key.MD5 != keyOf(t, realm, name, "x").MD5 {
			t.Errorf("%q: got %v, want its first key", name, err)
		}
	}
	_ = server.Set("turn/realm/other/user/eve/key", "7da2270ccfa49786e0115366d3a3d14d")
	for realm, want := range map[string]int{realm: 4, "other": 1, "*": 0, "": 5} {
		if users, err := db.Users(ctx, realm); err != nil || len(users) != want {
			t.Errorf("users of %q: got %d, %v, want %d", realm, len(users), err, want)
		}
	}
	if err := db.SetUser(ctx, realm, "alice", keyOf(t, realm, "alice", "z")); err != nil {
		t.Error(err)
	}
	if err := db.SetUser(ctx, realm, "mallory", keyOf(t, realm, "mallory", "z")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("change an unknown user: got %v, want ErrNotFound", err)
	}
	if err := errors.Join(db.RemoveUser(ctx, realm, "*"), db.AddSecret(ctx, realm, authn.Secret{Value: "s1"})); err != nil {
		t.Error(err)
	}
	if users, err := db.Users(ctx, realm); err != nil || len(users) != 3 {
		t.Errorf("after removing *: got %d users, %v, want 3", len(users), err)
	}
	if err := db.AddSecret(ctx, realm, authn.Secret{Value: "s1"}); !errors.Is(err, store.ErrExists) {
		t.Errorf("add secret again: got %v, want ErrExists", err)
	}
	if err := db.RetireSecret(ctx, realm, store.Fingerprint("s1")); err != nil {
		t.Error(err)
	}
	if err := db.RetireSecret(ctx, realm, store.Fingerprint("s1")); !errors.Is(err, store.ErrNoSecret) {
		t.Errorf("retire again: got %v, want ErrNoSecret", err)
	}
}

func TestWrongURLDoesNotShow(t *testing.T) {
	if _, err := redis.Open(redis.Config{URL: "http://u:hunter2@host"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

package store_test

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/wire"
)

// openScoped is open for a store of some realms and a tenant.
func openScoped(t *testing.T, b store.Backend, tenant string, realms ...string) *store.Store {
	t.Helper()
	s := store.New(store.Config{
		Name: "scoped", Type: "fake", Realms: realms, Tenant: tenant,
		TTL: time.Minute, NegativeTTL: 10 * time.Second, Stale: time.Hour,
		Entries: 100, Timeout: time.Second, Queries: 4,
	}, b, zap.NewNop())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// TestStoreOfOneRealm: a realm knows nothing of the stores of others: it asks them
// nothing, and that one of them is down or has old keys is nothing to it.
func TestStoreOfOneRealm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := store.Traits{SHA256: true, UserHash: true}
		own := &backend{users: map[string]string{"dora": "explore"}, traits: both}
		others := &backend{users: map[string]string{"eve": "apple"}, err: errBroken}
		shared := &backend{users: map[string]string{"frank": "castle"}, traits: both}
		s1 := openScoped(t, own, "", realm)
		s2 := openScoped(t, others, "", "example.net", "example.com")
		s3 := openScoped(t, shared, "")
		set := store.Set{s1, s2, s3}
		set.Check()
		if s2.Stats().Up {
			t.Fatal("the store of the other realms counts as up, want down")
		}
		a := newAuthenticator(t, set.Of(realm))
		for _, user := range [][2]string{{"dora", "explore"}, {"frank", "castle"}} {
			if got := try(t, a, user[0], user[1]); got != authn.Found {
				t.Errorf("%s: got %v, want found", user[0], got)
			}
		}
		if got := try(t, a, "eve", "apple"); got != authn.Unknown {
			t.Errorf("user of another realm's store, which is down: got %v, want unknown", got)
		}
		if got := others.queries(); got != 0 {
			t.Errorf("the store of other realms: got %d queries, want none", got)
		}
		want := authn.Features{Algorithm: wire.PasswordAlgorithmSHA256, UserHash: true}
		if got := a.Features(); got != want {
			t.Errorf("features: got %+v, want %+v whatever other realms' stores have", got, want)
		}
		if got := len(set.Of("example.net")); got != 2 {
			t.Errorf("stores of the other realm: got %d, want its own and the one of all", got)
		}
	})
}

// TestTenantOfStore: users and secrets of a store belong to its tenant unless they
// have one of their own.
func TestTenantOfStore(t *testing.T) {
	b := &backend{
		users:   map[string]string{"dora": "explore"},
		secrets: []authn.Secret{{Name: "n", Value: "north"}, {Name: "s", Value: "south", Tenant: "umbrella"}},
	}
	a := newAuthenticator(t, store.Set{openScoped(t, b, "acme")})
	tenant := func(name, password string) string {
		t.Helper()
		if got := try(t, a, name, password); got != authn.Found {
			t.Fatalf("%s: got %v, want found", name, got)
		}
		want, err := authn.LongTermKey(name, realm, password)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := a.Verify(name, authn.PurposeAllocate, func(k authn.Key) bool { return k.MD5 == want.MD5 })
		return c.Tenant
	}
	later := time.Now().Add(time.Hour)
	north, northPassword := authn.IssueREST("north", "gina", later)
	south, southPassword := authn.IssueREST("south", "gina", later)
	for _, test := range []struct{ what, name, password, want string }{
		{"user", "dora", "explore", "acme"},
		{"secret", north, northPassword, "acme"},
		{"secret with a tenant", south, southPassword, "umbrella"},
		{"static user", "alice", "wonderland", ""},
	} {
		if got := tenant(test.name, test.password); got != test.want {
			t.Errorf("%s: got tenant %q, want %q", test.what, got, test.want)
		}
	}
	if b.secrets[0].Tenant != "" {
		t.Error("the store changed what belongs to its back-end")
	}
}

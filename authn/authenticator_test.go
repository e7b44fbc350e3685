package authn_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/authn"
)

const realm = "example.org"

// is checks a candidate as a message signed with that key would.
func is(key authn.Key) func(authn.Key) bool {
	return func(candidate authn.Key) bool { return candidate.MD5 == key.MD5 }
}

// keyOf returns the key that a client with this name and password computes.
func keyOf(t testing.TB, username, password string) authn.Key {
	t.Helper()
	key, err := authn.LongTermKey(username, realm, password)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// mustNew returns an Authenticator of the test realm.
func mustNew(t testing.TB, cfg authn.Config) *authn.Authenticator {
	t.Helper()
	cfg.Realm = realm
	a, err := authn.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestStaticUsers(t *testing.T) {
	ready := keyOf(t, "carol", "ready")
	ready.SHA256 = authn.Key{}.SHA256 // what an operator has: the MD5 form alone
	a := mustNew(t, authn.Config{Users: []authn.User{
		{Name: "alice", Password: "wonderland"},
		{Name: "Jose\u0301", Password: "pa\u00a0ss"},
		{Name: "carol", Key: ready},
		{Name: "with:colon", Password: "colon"},
	}})
	tests := []struct {
		name, username, signer, password string
		user                             string // empty: Unknown
	}{
		{"right", "alice", "alice", "wonderland", "alice"},
		{"wrong password", "alice", "alice", "wonderlend", ""},
		{"another user's password", "alice", "with:colon", "colon", ""},
		{"other case", "Alice", "Alice", "wonderland", ""},
		{"unknown", "mallory", "mallory", "wonderland", ""},
		{"prepared name and password", "Jos\u00e9", "Jos\u00e9", "pa ss", "Jos\u00e9"},
		{"name that the client did not prepare", "Jose\u0301", "Jos\u00e9", "pa ss", ""},
		{"ready key", "carol", "carol", "ready", "carol"},
		{"colon", "with:colon", "with:colon", "colon", "with:colon"},
		{"trailing NULs", "alice\x00\x00", "alice", "wonderland", "alice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := keyOf(t, tt.signer, tt.password)
			got, status := a.Verify(tt.username, authn.PurposeAllocate, is(key))
			want, wantStatus := authn.Credential{}, authn.Unknown
			if tt.user != "" {
				want, wantStatus = authn.Credential{Key: got.Key, User: tt.user}, authn.Found
				if got.Key.MD5 != key.MD5 {
					t.Error("got another key than the client's")
				}
			}
			if got != want || status != wantStatus {
				t.Errorf("got %+v and %v, want %+v and %v", got, status, want, wantStatus)
			}
		})
	}
}

// TestMissingFormOpensNothing: a key that is known in one form only must not
// have a key of zeros in the other.
func TestMissingFormOpensNothing(t *testing.T) {
	full := keyOf(t, "alice", "wonderland")
	for name, known := range map[string]authn.Key{"MD5": {MD5: full.MD5}, "SHA-256": {SHA256: full.SHA256}} {
		t.Run(name, func(t *testing.T) {
			source := newFakeSource()
			source.cache["dora"] = known
			a := mustNew(t, authn.Config{Users: []authn.User{{Name: "alice", Key: known}}, Source: source})
			for _, username := range []string{"alice", "dora"} {
				c, status := a.Verify(username, authn.PurposeAllocate, func(k authn.Key) bool {
					return k.MD5 != authn.Key{}.MD5 && k.SHA256 != authn.Key{}.SHA256
				})
				if status != authn.Found {
					t.Errorf("%s: checked with a key of zeros", username)
				}
				if !a.StillValid(username, c) {
					t.Errorf("%s: not valid any more under the same configuration", username)
				}
			}
		})
	}
}

// TestUnknownAndWrongLookTheSame holds what a stranger could measure or see:
// the answer, and how many times the message was checked.
func TestUnknownAndWrongLookTheSame(t *testing.T) {
	a := mustNew(t, authn.Config{Users: []authn.User{{Name: "alice", Password: "wonderland"}}})
	for _, username := range []string{"alice", "mallory", "", strings.Repeat("x", 10_000), "1700000000:alice"} {
		checks := 0
		c, status := a.Verify(username, authn.PurposeAllocate, func(k authn.Key) bool {
			checks++
			if k == (authn.Key{}) {
				t.Errorf("%.20q: checked with a key of zeros", username)
			}
			return false
		})
		if c != (authn.Credential{}) || status != authn.Unknown || checks != 1 {
			t.Errorf("%.20q: got %+v, %v, %d checks, want nothing, unknown, 1 check", username, c, status, checks)
		}
	}
}

// TestDummyKeyOpensNothing: even a check that passes everything must not let a
// name in that nobody knows.
func TestDummyKeyOpensNothing(t *testing.T) {
	a := mustNew(t, authn.Config{Users: []authn.User{{Name: "alice", Password: "wonderland"}}, Anonymous: true})
	for _, username := range []string{"mallory", "", strings.Repeat("7", authn.MaxWireUsernameBytes+1)} {
		if _, status := a.Verify(username, authn.PurposeAllocate, func(authn.Key) bool { return true }); status != authn.Unknown {
			t.Errorf("%.20q: got %v, want unknown", username, status)
		}
	}
}

func TestSecretsAreTriedInTurn(t *testing.T) {
	a := mustNew(t, authn.Config{Secrets: []authn.Secret{{Name: "new", Value: "s1"}, {Name: "old", Value: "s2"}, {Value: "s3"}}})
	expires := time.Now().Add(time.Hour)
	for secret, name := range map[string]string{"s1": "new", "s2": "old", "s3": ""} {
		username, password := authn.IssueREST(secret, "alice", expires)
		c, status := a.Verify(username, authn.PurposeAllocate, is(keyOf(t, username, password)))
		if status != authn.Found || c.SecretName != name || c.User != "alice" || !c.ExpiresAt.Equal(expires.Truncate(time.Second)) {
			t.Errorf("%s: got %+v and %v, want secret %q of alice, found", secret, c, status, name)
		}
	}
	username, password := authn.IssueREST("s4", "alice", expires)
	if _, status := a.Verify(username, authn.PurposeAllocate, is(keyOf(t, username, password))); status != authn.Unknown {
		t.Errorf("foreign secret: got %v, want unknown", status)
	}
}

func TestStaticUserHidesRESTName(t *testing.T) {
	username, password := authn.IssueREST("north", "alice", time.Now().Add(time.Hour))
	a := mustNew(t, authn.Config{
		Users:   []authn.User{{Name: username, Password: "static"}},
		Secrets: []authn.Secret{{Value: "north"}},
	})
	c, status := a.Verify(username, authn.PurposeAllocate, is(keyOf(t, username, "static")))
	if status != authn.Found || c.User != username || !c.ExpiresAt.IsZero() {
		t.Errorf("static password: got %+v and %v, want the static user, which never expires", c, status)
	}
	if _, status := a.Verify(username, authn.PurposeAllocate, is(keyOf(t, username, password))); status != authn.Unknown {
		t.Errorf("REST password: got %v, want unknown", status)
	}
}

func TestExpiry(t *testing.T) {
	const strict, atAllocate = authn.ExpiryStrict, authn.ExpiryAtAllocate
	tests := []struct {
		name    string
		cfg     authn.Config
		left    time.Duration // until the expiry
		purpose authn.Purpose
		want    authn.Status
	}{
		{"fresh", authn.Config{}, time.Hour, authn.PurposeAllocate, authn.Found},
		{"last moment", authn.Config{}, 0, authn.PurposeAllocate, authn.Found},
		{"a second late", authn.Config{}, -time.Second, authn.PurposeAllocate, authn.Expired},
		{"within skew", authn.Config{ClockSkew: 10 * time.Second}, -10 * time.Second, authn.PurposeAllocate, authn.Found},
		{"beyond skew", authn.Config{ClockSkew: 10 * time.Second}, -11 * time.Second, authn.PurposeAllocate, authn.Expired},
		{"grace does not help Allocate", authn.Config{Expiry: strict, ExpiryGrace: time.Minute}, -time.Second, authn.PurposeAllocate, authn.Expired},

		{"live allocation outlives it", authn.Config{Expiry: atAllocate}, -24 * time.Hour, authn.PurposeOther, authn.Found},
		{"strict ends it", authn.Config{Expiry: strict}, -time.Second, authn.PurposeOther, authn.Expired},
		{"strict, last moment", authn.Config{Expiry: strict}, 0, authn.PurposeOther, authn.Found},
		{"strict within grace", authn.Config{Expiry: strict, ExpiryGrace: time.Minute}, -time.Minute, authn.PurposeOther, authn.Found},
		{"strict beyond grace", authn.Config{Expiry: strict, ExpiryGrace: time.Minute}, -61 * time.Second, authn.PurposeOther, authn.Expired},
		{"strict, grace and skew add up", authn.Config{Expiry: strict, ExpiryGrace: time.Minute, ClockSkew: 10 * time.Second}, -70 * time.Second, authn.PurposeOther, authn.Found},
		{"strict, beyond both", authn.Config{Expiry: strict, ExpiryGrace: time.Minute, ClockSkew: 10 * time.Second}, -71 * time.Second, authn.PurposeOther, authn.Expired},

		{"no cap", authn.Config{}, 100 * 365 * 24 * time.Hour, authn.PurposeAllocate, authn.Found},
		{"at the cap", authn.Config{MaxTimeToLive: time.Hour}, time.Hour, authn.PurposeAllocate, authn.Found},
		{"beyond the cap", authn.Config{MaxTimeToLive: time.Hour}, time.Hour + time.Second, authn.PurposeAllocate, authn.Expired},
		{"beyond the cap within skew", authn.Config{MaxTimeToLive: time.Hour, ClockSkew: time.Second}, time.Hour + time.Second, authn.PurposeAllocate, authn.Found},
		{"beyond cap and skew", authn.Config{MaxTimeToLive: time.Hour, ClockSkew: time.Second}, time.Hour + 2*time.Second, authn.PurposeAllocate, authn.Expired},
		{"a lowered cap spares live allocations", authn.Config{Expiry: strict, MaxTimeToLive: time.Hour}, 2 * time.Hour, authn.PurposeOther, authn.Found},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.cfg.Secrets = []authn.Secret{{Value: "north"}}
				a := mustNew(t, tt.cfg)
				username, password := authn.IssueREST("north", "alice", time.Now().Add(tt.left))
				c, got := a.Verify(username, tt.purpose, is(keyOf(t, username, password)))
				if got != tt.want || c.User != "alice" {
					t.Errorf("got %v of %q, want %v of alice", got, c.User, tt.want)
				}
				wrong := keyOf(t, username, "guess")
				if c, got := a.Verify(username, tt.purpose, is(wrong)); got != authn.Unknown || c != (authn.Credential{}) {
					t.Errorf("wrong password: got %v and %+v, want unknown and nothing", got, c)
				}
			})
		})
	}
}

// TestHostileUsernames: any bytes may come as a USERNAME; with the right
// password they are a credential like any other, without it they are nothing.
func TestHostileUsernames(t *testing.T) {
	a := mustNew(t, authn.Config{Secrets: []authn.Secret{{Value: "north"}}, MaxTimeToLive: time.Hour})
	for _, id := range []string{
		"%s%n%d", "a b", "a\r\nSET x y", `"`, "'; DROP TABLE users; --", "a\x00b", "\xff\xfe", "../../etc/passwd", "*", "a/b*", "{{.}}", "a:b:1700000000", "\u202e", "é",
	} {
		t.Run(fmt.Sprintf("%q", id), func(t *testing.T) {
			username, password := authn.IssueREST("north", id, time.Now().Add(time.Minute))
			// LongTermKey prepares names, these are hashed as they are.
			key := rawKey(username, password)
			if c, status := a.Verify(username, authn.PurposeAllocate, is(key)); status != authn.Found || c.User != id {
				t.Errorf("right password: got %q and %v, want the id and found", c.User, status)
			}
			if _, status := a.Verify(username, authn.PurposeAllocate, is(authn.Key{})); status != authn.Unknown {
				t.Errorf("wrong password: got %v, want unknown", status)
			}
			if _, status := a.Verify(id, authn.PurposeAllocate, is(key)); status != authn.Unknown {
				t.Errorf("id alone: got %v, want unknown", status)
			}
		})
	}
}

func TestLongestUsername(t *testing.T) {
	a := mustNew(t, authn.Config{Secrets: []authn.Secret{{Value: "north"}}})
	for length, want := range map[int]authn.Status{
		authn.MaxWireUsernameBytes:     authn.Found,
		authn.MaxWireUsernameBytes + 1: authn.Unknown,
	} {
		expires := time.Now().Add(time.Hour)
		prefix, _ := authn.IssueREST("north", "x", expires)
		username, password := authn.IssueREST("north", strings.Repeat("x", 1+length-len(prefix)), expires)
		if _, got := a.Verify(username, authn.PurposeAllocate, is(rawKey(username, password))); len(username) != length || got != want {
			t.Errorf("%d bytes: got %v, want %v", len(username), got, want)
		}
	}
}

func TestStillValid(t *testing.T) {
	old := authn.Config{
		Users:   []authn.User{{Name: "alice", Password: "wonderland"}},
		Secrets: []authn.Secret{{Name: "a", Value: "s1"}, {Name: "b", Value: "s2"}},
	}
	rest, password := authn.IssueREST("s2", "bob", time.Now().Add(-time.Hour)) // expired meanwhile: plays no part
	tests := []struct {
		name        string
		next        authn.Config
		alice, rest bool
	}{
		{"unchanged", old, true, true},
		{"user removed", authn.Config{Secrets: old.Secrets}, false, true},
		{"password changed", authn.Config{Users: []authn.User{{Name: "alice", Password: "new"}}, Secrets: old.Secrets}, false, true},
		{"same password as a key", authn.Config{Users: []authn.User{{Name: "alice", Key: keyOf(t, "alice", "wonderland")}}, Secrets: old.Secrets}, true, true},
		{"secret removed", authn.Config{Users: old.Users, Secrets: old.Secrets[:1]}, true, false},
		{"secret renamed and moved", authn.Config{Users: old.Users, Secrets: []authn.Secret{{Name: "z", Value: "s2"}}}, true, true},
		{"secret of a tenant now", authn.Config{Users: old.Users, Secrets: []authn.Secret{{Name: "b", Value: "s2", Tenant: "acme"}}}, true, false},
		{"other secret removed", authn.Config{Users: old.Users, Secrets: old.Secrets[1:]}, true, true},
		{"static user takes the REST name", authn.Config{Users: append([]authn.User{{Name: rest, Password: "x"}}, old.Users...), Secrets: old.Secrets}, true, false},
	}
	before := mustNew(t, old)
	alice, status := before.Verify("alice", authn.PurposeAllocate, is(keyOf(t, "alice", "wonderland")))
	if status != authn.Found {
		t.Fatalf("alice: got %v, want found", status)
	}
	bob, status := before.Verify(rest, authn.PurposeOther, is(keyOf(t, rest, password)))
	if status != authn.Found {
		t.Fatalf("bob: got %v, want found", status)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next := mustNew(t, tt.next)
			if got := next.StillValid("alice", alice); got != tt.alice {
				t.Errorf("static user: got %t, want %t", got, tt.alice)
			}
			if got := next.StillValid(rest, bob); got != tt.rest {
				t.Errorf("REST credential: got %t, want %t", got, tt.rest)
			}
			if next.StillValid("alice", bob) || next.StillValid(rest, alice) || next.StillValid("alice", authn.Credential{}) {
				t.Error("another's credential counts as valid")
			}
			if next.StillValid("", authn.Credential{}) {
				t.Error("an anonymous allocation counts as valid without auth.anonymous")
			}
		})
	}
	anonymous := mustNew(t, authn.Config{Anonymous: true})
	if !anonymous.StillValid("", authn.Credential{}) {
		t.Error("an anonymous allocation does not count as valid with auth.anonymous")
	}
}

func TestStatusNames(t *testing.T) {
	for status, want := range map[authn.Status]string{
		authn.Unknown: "unknown", authn.Found: "found", authn.Expired: "expired", authn.Pending: "pending", 9: "status(9)",
	} {
		if got := status.String(); got != want {
			t.Errorf("status %d: got %q, want %q", uint8(status), got, want)
		}
	}
}

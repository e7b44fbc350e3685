package credentials_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/credentials"
)

const revokeKey = "revoke-0123456789abcdef"

// revoker is an endpoint with a key of a tenant that may revoke, and what happened.
type revoker struct {
	*credentials.Endpoint
	list  *authn.Revocations
	ended int
	fails error // of ending allocations
	heard []string
}

func newRevoker(t *testing.T) *revoker {
	t.Helper()
	list, err := authn.OpenRevocations(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &revoker{list: list}
	r.Endpoint = newEndpoint(func(c *credentials.Config) {
		c.Keys = append(c.Keys, credentials.Key{
			Name: "revoker", Value: revokeKey, MaxTimeToLive: time.Hour, RequestsPerSecond: 1000, Tenant: "acme", MayRevoke: true,
			Issuer: credentials.Issuer{Realm: "example.org", Secret: secret},
		})
		c.Origins = []string{"*"}
		c.Revocations = list
		c.EndRevoked = func(context.Context) error { r.ended++; return r.fails }
		c.Audit = func(key string, revocation authn.Revocation) { r.heard = append(r.heard, key+" "+revocation.ID()) }
	})
	return r
}

// TestRevoke: a key reaches the users of its realm and tenant, by id or by one
// USERNAME, until a time or for good; the audit hears of it.
func TestRevoke(t *testing.T) {
	for _, test := range []struct {
		name, target, kind, body string
		want                     authn.Revocation
		lasts                    time.Duration
	}{
		{"user", "/revoke?user=alice&key=" + revokeKey, "text/plain", "", authn.Revocation{Realm: "example.org", Tenant: "acme", User: "alice"}, 0},
		{"form", "/revoke", "application/x-www-form-urlencoded", "username=17:alice&key=" + revokeKey, authn.Revocation{Realm: "example.org", Tenant: "acme", Username: "17:alice"}, 0},
		{"JSON, for a while", "/revoke", "application/json", `{"user":"alice","ttl":3600,"key":"` + revokeKey + `"}`, authn.Revocation{Realm: "example.org", Tenant: "acme", User: "alice"}, time.Hour},
		{"no tenant nor realm but the key's", "/revoke?tenant=x&realm=y&user=alice&key=" + revokeKey, "text/plain", "", authn.Revocation{Realm: "example.org", Tenant: "acme", User: "alice"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if test.lasts > 0 {
					test.want.Until = time.Now().Add(test.lasts)
				}
				r := newRevoker(t)
				answer := ask(r, test.target, test.kind, test.body)
				var got struct {
					ID string `json:"id"`
					authn.Revocation
				}
				if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || answer.StatusCode != 201 {
					t.Fatalf("got status %d, error %v, want 201", answer.StatusCode, err)
				}
				if diff := cmp.Diff(test.want, got.Revocation); diff != "" || got.ID != test.want.ID() {
					t.Errorf("got id %s, answer differs (-want +got):\n%s", got.ID, diff)
				}
				if diff := cmp.Diff([]authn.Revocation{test.want}, r.list.List()); diff != "" || r.ended != 1 {
					t.Errorf("ended %d times, want once; list differs (-want +got):\n%s", r.ended, diff)
				}
				if diff := cmp.Diff([]string{"revoker " + test.want.ID()}, r.heard); diff != "" {
					t.Errorf("audit differs (-want +got):\n%s", diff)
				}
				if got := r.Stats().Revoked["revoker"]; got != 1 {
					t.Errorf("got %d counted, want 1", got)
				}
				if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
					t.Errorf("got Access-Control-Allow-Origin %q, want none: pages may not revoke", got)
				}
			})
		})
	}
}

func TestRevokeRefusals(t *testing.T) {
	for _, test := range []struct {
		name, target, kind string
		status             int
	}{
		{"by GET", "/revoke?user=alice&key=" + revokeKey, "", 405},
		{"no key", "/revoke?user=alice", "text/plain", 401},
		{"a key without the right", "/revoke?user=alice&key=" + acmeKey, "text/plain", 403},
		{"nobody", "/revoke?key=" + revokeKey, "text/plain", 400},
		{"both", "/revoke?user=alice&username=17:alice&key=" + revokeKey, "text/plain", 400},
		{"no time", "/revoke?user=alice&ttl=-1&key=" + revokeKey, "text/plain", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRevoker(t)
			answer := ask(r, test.target, test.kind, "")
			if answer.StatusCode != test.status || len(r.list.List()) != 0 || r.ended != 0 || len(r.heard) != 0 {
				t.Errorf("got status %d, %v revoked, %d ended, audit %v, want %d and no effect", answer.StatusCode, r.list.List(), r.ended, r.heard, test.status)
			}
		})
	}
}

// TestRevocationHalfDone: new requests are refused, and the caller hears that live
// allocations may be left.
func TestRevocationHalfDone(t *testing.T) {
	r := newRevoker(t)
	r.fails = errors.New("a worker is late")
	answer := ask(r, "/revoke?user=alice&key="+revokeKey, "text/plain", "")
	if answer.StatusCode != http.StatusInternalServerError || len(r.list.List()) != 1 || r.Stats().Refused["failed"] != 1 {
		t.Errorf("got status %d, %v revoked, counts %v, want 500, one, one failed", answer.StatusCode, r.list.List(), r.Stats().Refused)
	}
}

// TestNoServerForNewClients: a server that is being emptied hands out nothing to
// come to it with.
func TestNoServerForNewClients(t *testing.T) {
	e := newEndpoint(func(c *credentials.Config) { c.URLs = func(string) []string { return nil } })
	answer := ask(e, "/?key="+acmeKey, "", "")
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || e.Stats().Refused["draining"] != 1 {
		t.Errorf("got status %d, %v, counts %v, want 503 with Retry-After", answer.StatusCode, answer.Header, e.Stats().Refused)
	}
}

package server_test

import (
	"context"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
)

// A revocation ends what is live of its subject and refuses it from then on; who
// is not meant notices nothing, and lifting it lets the subject in again.
func TestRevocation(t *testing.T) {
	const username, other = "4102444800:carol", "4102444801:carol"
	for _, test := range []struct {
		name string
		r    authn.Revocation
		ends []string // of alice, carol, other, dave
	}{
		{"static user", authn.Revocation{Realm: "example.org", User: "alice"}, []string{"alice"}},
		{"user of REST credentials", authn.Revocation{Realm: "example.org", User: "carol"}, []string{"carol", "other", "dave"}},
		{"USERNAME", authn.Revocation{Realm: "example.org", Username: username}, []string{"carol", "dave"}},
		{"secret", authn.Revocation{Realm: "example.org", Secret: "one"}, []string{"carol", "other"}},
		{"nobody here", authn.Revocation{Realm: "example.net", User: "alice"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := authn.OpenRevocations(nil)
			if err != nil {
				t.Fatal(err)
			}
			f := start(t, func(o *options) { o.revocations = list })
			clients := map[string]*client{
				"alice": dial(t, f.addr, "alice", "wonderland"),
				"carol": dial(t, f.addr, username, restPassword("first secret", username)),
				"other": dial(t, f.addr, other, restPassword("first secret", other)),
				"dave":  dial(t, f.addr, username, restPassword("second secret", username)),
			}
			for _, cl := range clients {
				cl.allocate()
			}
			if err := list.Add(test.r); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
			defer cancel()
			if err := f.server.EndRevoked(ctx, f.engine.Workers()); err != nil {
				t.Fatal(err)
			}
			if got := f.server.Stats().Ended["revoked"]; got != uint64(len(test.ends)) {
				t.Errorf("got %d allocations ended, want %d", got, len(test.ends))
			}
			codes := make(map[string]int)
			for _, name := range test.ends {
				codes[name] = 401
			}
			for name, cl := range clients {
				if got := errorCode(cl.do(stun.MethodRefresh)); got != codes[name] {
					t.Errorf("%s: got code %d, want %d", name, got, codes[name])
				}
			}
			if got := f.server.Stats().AuthFailures["revoked"]; got != uint64(len(test.ends)) {
				t.Errorf("got %d requests refused as revoked, want %d", got, len(test.ends))
			}
			if _, err := list.Lift(test.r.ID()); err != nil {
				t.Fatal(err)
			}
			for _, name := range test.ends {
				dial(t, f.addr, clients[name].username, clients[name].password).allocate()
			}
		})
	}
}

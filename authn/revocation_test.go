package authn_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
)

// memory is a store that a test can break.
type memory struct {
	kept []authn.Revocation
	err  error
}

func (m *memory) Load() ([]authn.Revocation, error) { return m.kept, m.err }

func (m *memory) Save(list []authn.Revocation) error {
	if m.err == nil {
		m.kept = list
	}
	return m.err
}

func openRevocations(t *testing.T, store authn.RevocationStore) *authn.Revocations {
	t.Helper()
	r, err := authn.OpenRevocations(store)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRevocationCovers(t *testing.T) {
	credential := authn.Credential{User: "alice", SecretName: "one", Tenant: "acme"}
	for _, test := range []struct {
		name string
		r    authn.Revocation
		want bool
	}{
		{"user", authn.Revocation{Realm: "a", User: "alice"}, true},
		{"username", authn.Revocation{Realm: "a", Username: "17:alice"}, true},
		{"secret", authn.Revocation{Realm: "a", Secret: "one"}, true},
		{"another user", authn.Revocation{Realm: "a", User: "bob"}, false},
		{"another username of the user", authn.Revocation{Realm: "a", Username: "18:alice"}, false},
		{"another secret", authn.Revocation{Realm: "a", Secret: "two"}, false},
		{"another realm", authn.Revocation{Realm: "b", User: "alice"}, false},
		{"user of the tenant", authn.Revocation{Realm: "a", Tenant: "acme", User: "alice"}, true},
		{"username of the tenant", authn.Revocation{Realm: "a", Tenant: "acme", Username: "17:alice"}, true},
		{"user of another tenant", authn.Revocation{Realm: "a", Tenant: "umbrella", User: "alice"}, false},
		{"the same word of another kind", authn.Revocation{Realm: "a", Secret: "alice"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := openRevocations(t, nil)
			if err := r.Add(test.r); err != nil {
				t.Fatal(err)
			}
			if got := r.Covers("a", "17:alice", credential); got != test.want {
				t.Errorf("got covered %t, want %t", got, test.want)
			}
			// Whoever has no name for what is revoked is not meant.
			if r.Covers("a", "", authn.Credential{}) {
				t.Error("got the anonymous covered")
			}
			found, err := r.Lift(test.r.ID())
			if !found || err != nil || r.Covers("a", "17:alice", credential) {
				t.Errorf("lift: got %t, %v, want it found and nobody covered", found, err)
			}
		})
	}
}

func TestRevocationEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(memory)
		r := openRevocations(t, store)
		short := authn.Revocation{Realm: "a", User: "alice", Until: time.Now().Add(time.Minute)}
		long := authn.Revocation{Realm: "a", User: "bob"}
		for _, each := range []authn.Revocation{short, long} {
			if err := r.Add(each); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if r.Covers("a", "alice", authn.Credential{User: "alice"}) || len(r.List()) != 1 {
			t.Errorf("got %v, want only bob revoked", r.List())
		}
		if err := r.Add(short); err == nil {
			t.Error("an end in the past: got no error")
		}
		if err := r.Add(long); err != nil || len(store.kept) != 1 {
			t.Errorf("got %v, %v kept, want the one that is over forgotten", err, store.kept)
		}
	})
}

func TestRevocationsSurviveARestart(t *testing.T) {
	store := new(memory)
	want := authn.Revocation{Realm: "a", Username: "17:alice"}
	if err := openRevocations(t, store).Add(want); err != nil {
		t.Fatal(err)
	}
	again := openRevocations(t, store)
	if diff := cmp.Diff([]authn.Revocation{want}, again.List()); diff != "" || !again.Covers("a", "17:alice", authn.Credential{}) {
		t.Errorf("list differs (-want +got):\n%s", diff)
	}
}

// A change that the store does not take has no effect, so that nobody relies on
// what a restart forgets.
func TestRevocationThatCannotBeSaved(t *testing.T) {
	store := new(memory)
	r := openRevocations(t, store)
	store.err = errors.New("disk full")
	err := r.Add(authn.Revocation{Realm: "a", User: "alice"})
	if !errors.Is(err, authn.ErrSaveRevocations) || len(r.List()) != 0 {
		t.Errorf("got %v, %v, want an error and no change", err, r.List())
	}
	if _, err := authn.OpenRevocations(store); err == nil {
		t.Error("a store that cannot be read: got no error")
	}
	if _, err := authn.OpenRevocations(&memory{kept: []authn.Revocation{{Realm: "a"}}}); err == nil {
		t.Error("a kept entry that revokes nothing: got no error")
	}
}

func TestRevocationsAreBounded(t *testing.T) {
	full := new(memory)
	for i := range authn.MaxRevocations {
		full.kept = append(full.kept, authn.Revocation{Realm: "a", User: strconv.Itoa(i)})
	}
	r := openRevocations(t, full)
	if err := r.Add(authn.Revocation{Realm: "a", User: "one more"}); !errors.Is(err, authn.ErrTooManyRevocations) {
		t.Errorf("got %v, want the list to be full", err)
	}
	if err := r.Add(authn.Revocation{Realm: "a", User: "7", Until: time.Now().Add(time.Hour)}); err != nil {
		t.Errorf("a change of a kept one: got %v", err)
	}
}

func TestRevocationWithoutOneSubject(t *testing.T) {
	for _, each := range []authn.Revocation{{Realm: "a"}, {Realm: "a", User: "alice", Secret: "one"}, {Realm: "a", User: string(make([]byte, 1000))}} {
		if err := openRevocations(t, nil).Add(each); err == nil {
			t.Errorf("%v: got no error", each)
		}
	}
}

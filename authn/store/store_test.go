package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

func TestAnswersAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{users: map[string]string{"dora": "explore"}}
		s, _ := open(t, "db", b)
		ask := func(name string) authn.Status {
			if _, status := s.Lookup(realm, name); status != authn.Pending {
				return status
			}
			if err := s.Fetch(t.Context(), realm, name); err != nil {
				t.Fatal(err)
			}
			_, status := s.Lookup(realm, name)
			return status
		}
		steps := []struct {
			name    string
			after   time.Duration
			want    authn.Status
			queries int // so far
		}{
			{"dora", 0, authn.Found, 1},
			{"dora", 59 * time.Second, authn.Found, 1},
			{"dora", time.Second, authn.Found, 2},
			{"mallory", 0, authn.Unknown, 3},
			{"mallory", 9 * time.Second, authn.Unknown, 3},
			{"mallory", time.Second, authn.Unknown, 4},
			{"Dora", 0, authn.Unknown, 5},
		}
		for i, step := range steps {
			time.Sleep(step.after)
			if got := ask(step.name); got != step.want || b.queries() != step.queries {
				t.Errorf("step %d, %s: got %v after %d queries, want %v after %d", i, step.name, got, b.queries(), step.want, step.queries)
			}
		}
		b.set(func(b *backend) { delete(b.users, "dora") })
		time.Sleep(time.Minute)
		if got := ask("dora"); got != authn.Unknown {
			t.Errorf("removed user after the TTL: got %v, want unknown", got)
		}
	})
}

func TestOneQueryForManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{users: map[string]string{"dora": "explore"}, takes: 500 * time.Millisecond}
		s, _ := open(t, "db", b)
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var tasks sync.WaitGroup
		tasks.Go(func() {
			if err := s.Fetch(impatient, realm, "dora"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the first, which gave up: got %v, want deadline exceeded", err)
			}
		})
		synctest.Wait()
		for range 50 {
			tasks.Go(func() {
				if err := s.Fetch(t.Context(), realm, "dora"); err != nil {
					t.Error(err)
				}
			})
		}
		tasks.Wait()
		if got := b.queries(); got != 1 {
			t.Errorf("got %d queries for 51 requests, want 1", got)
		}
	})
}

// Who found no answer and asks when another one's query has just ended does not ask
// again, be the answer that there is such a user or that there is none.
func TestNoQueryJustBehindAnAnswer(t *testing.T) {
	b := &backend{users: map[string]string{"alice": "secret"}}
	s, _ := open(t, "db", b)
	for _, name := range []string{"alice", "nobody"} {
		before := b.queries()
		for range 3 {
			if err := s.Fetch(t.Context(), realm, name); err != nil {
				t.Fatal(err)
			}
		}
		if got := b.queries() - before; got != 1 {
			t.Errorf("%s: got %d queries, want 1", name, got)
		}
	}
	before := b.queries()
	for range 3 {
		if err := s.FetchSecrets(t.Context(), realm); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.queries() - before; got != 1 {
		t.Errorf("secrets: got %d queries, want 1", got)
	}
	s.Refresh(t.Context())
	if got := b.queries() - before; got < 3 {
		t.Errorf("got %d queries, want that a reload asks for the user and the secrets again", got)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{takes: 100 * time.Millisecond}
		s, _ := open(t, "db", b)
		var tasks sync.WaitGroup
		var refused sync.Map
		for i := range 1100 {
			tasks.Go(func() {
				if err := s.Fetch(t.Context(), realm, fmt.Sprint("user", i)); err != nil {
					refused.Store(i, err)
				}
			})
		}
		tasks.Wait()
		count := 0
		refused.Range(func(any, any) bool { count++; return true })
		if stats := s.Stats(); b.most != 4 || count != 76 || stats.Refused != 76 {
			t.Errorf("got %d queries at once, %d refused, %d counted, want 4, 76, 76", b.most, count, stats.Refused)
		}
		if stats := s.Stats(); stats.Unknown != 100 || stats.Entries != 0 {
			t.Errorf("remembered: got %d unknown and %d users, want 100 (the bound) and 0", stats.Unknown, stats.Entries)
		}
	})
}

func TestGuessesPushOutNoUser(t *testing.T) {
	b := &backend{users: map[string]string{"dora": "explore"}}
	s, _ := open(t, "db", b)
	a := newAuthenticator(t, store.Set{s})
	try(t, a, "dora", "explore")
	for i := range 300 {
		try(t, a, fmt.Sprint("guess", i), "x")
	}
	before := b.queries()
	if got := try(t, a, "dora", "explore"); got != authn.Found || b.queries() != before {
		t.Errorf("after 300 guesses: got %v after %d more queries, want found after none", got, b.queries()-before)
	}
}

// TestDownFailsOnlyItsOwn: with one store broken or hung, everybody else comes
// in, at once when the failure is known, and its own users as long as they are
// remembered.
func TestDownFailsOnlyItsOwn(t *testing.T) {
	failures := map[string]func(b *backend){
		"broken": func(b *backend) { b.err = errBroken },
		"hung":   func(b *backend) { b.hangs = true },
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &backend{users: map[string]string{"dora": "explore", "eve": "apple"}}
				second := &backend{users: map[string]string{"frank": "castle"}, secrets: []authn.Secret{{Name: "n", Value: "north"}}}
				s1, logs := open(t, "first", first)
				s2, _ := open(t, "second", second)
				a := newAuthenticator(t, store.Set{s1, s2})
				if got := try(t, a, "dora", "explore"); got != authn.Found {
					t.Fatalf("before: got %v, want found", got)
				}
				first.set(fail)
				time.Sleep(2 * time.Minute) // dora's answer is old

				// The first request after it may wait for the time of a query, no longer.
				began := time.Now()
				if got := try(t, a, "frank", "castle"); got != authn.Found || time.Since(began) > time.Second {
					t.Errorf("user of the other store: got %v after %v, want found within the timeout", got, time.Since(began))
				}
				time.Sleep(11 * time.Second)
				for _, user := range [][2]string{{"alice", "wonderland"}, {"frank", "castle"}, {"dora", "explore"}} {
					began := time.Now()
					if got := try(t, a, user[0], user[1]); got != authn.Found || time.Since(began) > 0 {
						t.Errorf("%s while the first store is down: got %v after %v, want found at once", user[0], got, time.Since(began))
					}
				}
				rest, password := authn.IssueREST("north", "gina", time.Now().Add(time.Hour))
				if got := try(t, a, rest, password); got != authn.Found {
					t.Errorf("secret of the other store: got %v, want found", got)
				}
				before := first.queries()
				if got := try(t, a, "eve", "apple"); got != authn.Unavailable || first.queries() != before {
					t.Errorf("its own user: got %v after %d queries, want unavailable without any", got, first.queries()-before)
				}
				if s1.Stats().Up || !s2.Stats().Up {
					t.Errorf("up: got %v and %v, want false and true", s1.Stats().Up, s2.Stats().Up)
				}

				first.set(func(b *backend) { b.err, b.hangs = nil, false })
				time.Sleep(2 * time.Second)
				if got := try(t, a, "eve", "apple"); got != authn.Found || !s1.Stats().Up {
					t.Errorf("once it is back: got %v, want found", got)
				}
				var lines []string
				for _, entry := range logs.All() {
					lines = append(lines, entry.Level.String()+" "+entry.Message)
				}
				if len(lines) != 2 || !strings.HasPrefix(lines[0], "error store is down") || lines[1] != "info store is back" {
					t.Errorf("log: got %q, want one line when it went down and one when it came back", lines)
				}
			})
		})
	}
}

func TestOldAnswerHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{users: map[string]string{"dora": "explore"}}
		s, _ := open(t, "db", b)
		a := newAuthenticator(t, store.Set{s})
		try(t, a, "dora", "explore")
		b.set(func(b *backend) { b.err = errBroken })
		time.Sleep(time.Minute + time.Hour - time.Second)
		if got := try(t, a, "dora", "explore"); got != authn.Found {
			t.Errorf("within cache_stale: got %v, want found", got)
		}
		time.Sleep(2 * time.Second)
		if got := try(t, a, "dora", "explore"); got != authn.Unavailable {
			t.Errorf("after cache_stale: got %v, want unavailable", got)
		}
	})
}

// TestRejectedRowIsNotAFailure: a row that makes no sense concerns its user.
func TestRejectedRowIsNotAFailure(t *testing.T) {
	b := &backend{}
	s, logs := open(t, "db", b)
	a := newAuthenticator(t, store.Set{s})
	if got := try(t, a, "nobody", "x"); got != authn.Unknown { // the secrets are known now
		t.Fatalf("got %v, want unknown", got)
	}
	b.set(func(b *backend) { b.err = fmt.Errorf("%w: key is all zero", store.ErrRejected) })
	if got := try(t, a, "plain", "x"); got != authn.Unknown {
		t.Errorf("got %v, want unknown", got)
	}
	if stats := s.Stats(); !stats.Up || stats.Errors != 1 || logs.Len() != 0 {
		t.Errorf("got up %v, %d errors and %d log lines, want up, 1 and none", stats.Up, stats.Errors, logs.Len())
	}
}

// TestSecretsRotate: added and retired secrets take effect when what is
// remembered has aged, or at once by Refresh.
func TestSecretsRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{secrets: []authn.Secret{{Name: "old", Value: "north"}}}
		s, _ := open(t, "db", b)
		a := newAuthenticator(t, store.Set{s})
		name, password := authn.IssueREST("north", "bob", time.Now().Add(24*time.Hour))
		fresh, freshPassword := authn.IssueREST("south", "bob", time.Now().Add(24*time.Hour))
		if got := try(t, a, name, password); got != authn.Found {
			t.Fatalf("got %v, want found", got)
		}
		b.set(func(b *backend) { b.secrets = []authn.Secret{{Name: "new", Value: "south"}} })
		s.Refresh(t.Context())
		if got := try(t, a, name, password); got != authn.Unknown {
			t.Errorf("retired secret after Refresh: got %v, want unknown", got)
		}
		if got := try(t, a, fresh, freshPassword); got != authn.Found {
			t.Errorf("new secret after Refresh: got %v, want found", got)
		}
		b.set(func(b *backend) { b.secrets = nil })
		time.Sleep(time.Minute)
		if got := try(t, a, fresh, freshPassword); got != authn.Unknown {
			t.Errorf("retired secret after the TTL: got %v, want unknown", got)
		}
	})
}

// TestRefreshEndsLiveAllocations: StillValid sees users as they are now.
func TestRefreshEndsLiveAllocations(t *testing.T) {
	b := &backend{users: map[string]string{"dora": "explore", "eve": "apple"}}
	s, _ := open(t, "db", b)
	a := newAuthenticator(t, store.Set{s})
	for _, user := range [][2]string{{"dora", "explore"}, {"eve", "apple"}} {
		if got := try(t, a, user[0], user[1]); got != authn.Found {
			t.Fatalf("%s: got %v, want found", user[0], got)
		}
	}
	b.set(func(b *backend) { b.users = map[string]string{"dora": "explore"} })
	s.Refresh(t.Context())
	for name, want := range map[string]bool{"dora": true, "eve": false} {
		key, err := authn.LongTermKey(name, realm, map[string]string{"dora": "explore", "eve": "apple"}[name])
		if err != nil {
			t.Fatal(err)
		}
		if got := a.StillValid(name, authn.Credential{Key: key}); got != want {
			t.Errorf("%s after eve was removed: got valid %v, want %v", name, got, want)
		}
	}
}

func TestHostileNamesAskNobody(t *testing.T) {
	b := &backend{}
	s, _ := open(t, "db", b)
	for _, name := range []string{"", "a\x00b", "a\r\nb", "\xff\xfe", "a\u0085b", strings.Repeat("x", 764)} {
		if _, got := s.Lookup(realm, name); got != authn.Unknown {
			t.Errorf("%q: got %v, want unknown", name, got)
		}
		if err := s.Fetch(t.Context(), realm, name); err != nil || b.queries() != 0 {
			t.Errorf("%q: got %v and %d queries, want no query", name, err, b.queries())
		}
	}
}

func TestUserHash(t *testing.T) {
	b := &backend{users: map[string]string{"dora": "explore"}, traits: store.Traits{SHA256: true, UserHash: true}}
	s, _ := open(t, "db", b)
	a := newAuthenticator(t, store.Set{s})
	if !a.Features().UserHash {
		t.Fatal("a realm with names that can all be found announces no username anonymity")
	}
	hash := authn.UserHash("dora", realm)
	if _, got := a.Username(hash); got != authn.Pending {
		t.Fatalf("got %v, want pending", got)
	}
	if err := a.FetchHash(t.Context(), hash); err != nil {
		t.Fatal(err)
	}
	before := b.queries()
	if name, got := a.Username(hash); name != "dora" || got != authn.Found {
		t.Errorf("got %q, %v, want dora, found", name, got)
	}
	if got := try(t, a, "dora", "explore"); got != authn.Found || b.queries() != before {
		t.Errorf("the user behind: got %v after %d more queries, want found after none", got, b.queries()-before)
	}
	other := authn.UserHash("nobody", realm)
	if err := a.FetchHash(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if name, got := a.Username(other); name != "" || got != authn.Unknown {
		t.Errorf("hash of nobody: got %q, %v, want none, unknown", name, got)
	}
}

// TestFeaturesNeedEveryStore: one store without a form keeps the realm from it.
func TestFeaturesNeedEveryStore(t *testing.T) {
	both := store.Traits{SHA256: true, UserHash: true}
	tests := []struct {
		name          string
		first, second store.Traits
		broken        bool
		want          store.Traits
	}{
		{"both have both", both, both, false, both},
		{"one has MD5 keys", both, store.Traits{UserHash: true}, false, store.Traits{UserHash: true}},
		{"one has secrets", both, store.Traits{SHA256: true}, false, store.Traits{SHA256: true}},
		{"one cannot tell", both, both, true, store.Traits{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b1, b2 := &backend{traits: tt.first}, &backend{traits: tt.second}
			if tt.broken {
				b2.err = errBroken
			}
			s1, _ := open(t, "first", b1)
			s2, _ := open(t, "second", b2)
			set := store.Set{s1, s2}
			if got := (store.Traits{SHA256: set.HasSHA256(realm), UserHash: set.HasUserHash(realm)}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestEarlierStoreDecides: a name in two stores belongs to the first.
func TestEarlierStoreDecides(t *testing.T) {
	s1, _ := open(t, "first", &backend{users: map[string]string{"dora": "explore"}})
	s2, _ := open(t, "second", &backend{users: map[string]string{"dora": "other", "alice": "other"}})
	a := newAuthenticator(t, store.Set{s1, s2})
	for _, tt := range []struct {
		name, password string
		want           authn.Status
	}{
		{"dora", "explore", authn.Found},
		{"dora", "other", authn.Unknown},
		{"alice", "wonderland", authn.Found},
		{"alice", "other", authn.Unknown},
	} {
		if got := try(t, a, tt.name, tt.password); got != tt.want {
			t.Errorf("%s with %s: got %v, want %v", tt.name, tt.password, got, tt.want)
		}
	}
}

package authn_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// fakeSource is a back-end with a cache in front of it.
type fakeSource struct {
	mu      sync.Mutex
	rows    map[string]authn.Key
	cache   map[string]authn.Key // a zero key is a remembered "unknown"
	fetches int
	down    bool
	md5Only bool // what HasSHA256 denies
}

func newFakeSource() *fakeSource {
	return &fakeSource{rows: make(map[string]authn.Key), cache: make(map[string]authn.Key)}
}

func (s *fakeSource) Lookup(_, username string) (authn.Record, authn.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, cached := s.cache[username]
	switch {
	case !cached:
		return authn.Record{}, authn.Pending
	case key == authn.Key{}:
		return authn.Record{}, authn.Unknown
	}
	return authn.Record{Key: key}, authn.Found
}

func (s *fakeSource) Secrets(string) (*authn.Secrets, authn.Status) { return nil, authn.Unknown }

func (s *fakeSource) Username(string, [32]byte) (string, authn.Status) { return "", authn.Unknown }

func (s *fakeSource) FetchHash(context.Context, string, [32]byte) error { return nil }

func (s *fakeSource) HasUserHash(string) bool { return false }

func (s *fakeSource) Fetch(ctx context.Context, _, username string) error {
	time.Sleep(100 * time.Millisecond) // the way to the database
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	if s.down {
		return errors.New("database is down")
	}
	s.cache[username] = s.rows[username]
	return nil
}

func (s *fakeSource) HasSHA256(string) bool { return !s.md5Only }

// TestPendingIsParkedAndReplayed walks the whole seam: Verify says Pending, the
// request is parked, and its replay finds the answer.
func TestPendingIsParkedAndReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFakeSource()
		md5Only := keyOf(t, "dora", "explore")
		md5Only.SHA256 = authn.Key{}.SHA256
		source.rows["dora"] = md5Only
		a := mustNew(t, authn.Config{
			Users:   []authn.User{{Name: "alice", Password: "wonderland"}},
			Secrets: []authn.Secret{{Value: "north"}},
			Source:  source,
		})
		park := authn.NewPark(authn.ParkConfig{Requests: 8, Lookups: 2, Deadline: time.Second})
		defer park.Close()

		answers := make(chan authn.Status, 8)
		var handle func(n byte, username, password string)
		handle = func(n byte, username, password string) {
			c, status := a.Verify(username, authn.PurposeAllocate, is(rawKey(username, password)))
			if status != authn.Pending {
				if status == authn.Found && c.Key.SHA256 == (authn.Key{}).SHA256 {
					t.Errorf("%s: got a SHA-256 key of zeros", username)
				}
				answers <- status
				return
			}
			park.Start(request(n), []byte(username),
				func(ctx context.Context) error { return a.Fetch(ctx, username) },
				func(datagram []byte) { handle(n, string(datagram), password) })
		}
		tests := []struct {
			name, username, password string
			want                     authn.Status
			fetches                  int // so far
		}{
			{"static user needs no back-end", "alice", "wonderland", authn.Found, 0},
			{"static user, wrong password", "alice", "guess", authn.Unknown, 0},
			{"first request", "dora", "explore", authn.Found, 1},
			{"from the cache", "dora", "explore", authn.Found, 1},
			{"wrong password from the cache", "dora", "guess", authn.Unknown, 1},
			{"nobody", "mallory", "guess", authn.Unknown, 2},
			{"nobody is remembered", "mallory", "guess", authn.Unknown, 2},
			{"digits that no secret signed", "15551234", "guess", authn.Unknown, 3},
		}
		for i, tt := range tests {
			handle(byte(i), tt.username, tt.password)
			if got := <-answers; got != tt.want || source.fetches != tt.fetches {
				t.Errorf("%s: got %v after %d fetches, want %v after %d", tt.name, got, source.fetches, tt.want, tt.fetches)
			}
		}

		source.down = true
		handle(100, "eve", "guess")
		handle(101, "alice", "wonderland")
		if got := <-answers; got != authn.Found {
			t.Errorf("static user with the back-end down: got %v, want found", got)
		}
		username, password := authn.IssueREST("north", "bob", time.Now().Add(time.Hour))
		handle(102, username, password)
		if got := <-answers; got != authn.Found {
			t.Errorf("REST credential with the back-end down: got %v, want found", got)
		}
		time.Sleep(time.Second)
		if got := park.Stats().Failed; got != 1 || len(answers) != 0 {
			t.Errorf("back-end down: got %d failed and %d answers, want 1 and 0", got, len(answers))
		}
	})
}

func TestStillValidWithSource(t *testing.T) {
	source := newFakeSource()
	a := mustNew(t, authn.Config{Source: source})
	c := authn.Credential{Key: keyOf(t, "dora", "explore"), User: "dora"}
	if !a.StillValid("dora", c) {
		t.Error("a user whom only the back-end could tell: got invalid, want valid")
	}
	source.cache["dora"] = keyOf(t, "dora", "changed")
	if a.StillValid("dora", c) {
		t.Error("a user whose key changed: got valid, want invalid")
	}
	source.cache["dora"] = c.Key
	if !a.StillValid("dora", c) {
		t.Error("a user whose key is the same: got invalid, want valid")
	}
	c.Tenant = "acme"
	if a.StillValid("dora", c) {
		t.Error("a user who is acme's no more: got valid, want invalid")
	}
}

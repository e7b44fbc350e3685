package server_test

import (
	"context"
	"sync"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
)

// slowStore is a store whose answer comes when the test releases it.
type slowStore struct {
	release chan struct{}

	mu      sync.Mutex
	known   map[string]authn.Key
	fetches int
}

func (s *slowStore) Lookup(_, username string) (authn.Record, authn.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key, ok := s.known[username]; ok {
		return authn.Record{Key: key}, authn.Found
	}
	return authn.Record{}, authn.Pending
}

func (s *slowStore) Secrets(string) (*authn.Secrets, authn.Status) { return nil, authn.Unknown }

func (s *slowStore) Username(string, [32]byte) (string, authn.Status) { return "", authn.Unknown }

func (s *slowStore) FetchHash(context.Context, string, [32]byte) error { return nil }

func (s *slowStore) HasUserHash(string) bool { return false }

func (s *slowStore) Fetch(ctx context.Context, _, username string) error {
	s.mu.Lock()
	s.fetches++
	s.mu.Unlock()
	select {
	case <-s.release:
	case <-ctx.Done():
		return ctx.Err()
	}
	key, err := authn.LongTermKey(username, "example.org", "from the store")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[username] = key
	return nil
}

func (s *slowStore) HasSHA256(string) bool { return true }

// fetched counts the look-ups.
func (s *slowStore) fetched() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches
}

// A request whose user only a store knows waits without holding up the
// worker, and is answered once although it was retransmitted.
func TestRequestWaitsForStore(t *testing.T) {
	store := &slowStore{release: make(chan struct{}), known: map[string]authn.Key{}}
	f := start(t, func(o *options) {
		o.workers = 1
		o.auth.Source = store
	})
	cl := dial(t, f.addr, "erin", "from the store")
	request := cl.signed(stun.MethodAllocate, requestedTransport(17))
	cl.send(request.Raw)
	cl.expectSilence(request.Raw) // its Binding is answered by the same worker meanwhile

	close(store.release)
	answer := cl.receive()
	if answer.TransactionID != request.TransactionID {
		t.Fatalf("got answer %s, want the one to the parked request", answer)
	}
	cl.wantCode(answer, 0)
	cl.expectSilence(nil) // no second answer
	if got := store.fetched(); got != 1 {
		t.Errorf("got %d look-ups, want 1 for a request and its retransmission", got)
	}
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

// realm is the one that most tests use.
const realm = "example.org"

var errBroken = errors.New("connection refused")

// backend is a database in memory that can be slow, broken or hung.
type backend struct {
	mu      sync.Mutex
	users   map[string]string // passwords by name
	secrets []authn.Secret
	takes   time.Duration
	err     error // instead of an answer
	hangs   bool  // answers only when the query ends
	asked   []string
	running int
	most    int // running at the same time
	traits  store.Traits
}

func (b *backend) set(change func(b *backend)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// queries are the names that were asked for so far.
func (b *backend) queries() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

// begin waits as long as a query takes and returns its error.
func (b *backend) begin(ctx context.Context, what string) error {
	b.mu.Lock()
	b.asked = append(b.asked, what)
	b.running++
	b.most = max(b.most, b.running)
	takes, hangs := b.takes, b.hangs
	b.mu.Unlock()
	defer b.set(func(b *backend) { b.running-- })
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *backend) User(ctx context.Context, realm, name string) (authn.Record, error) {
	if err := b.begin(ctx, name); err != nil {
		return authn.Record{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	password, ok := b.users[name]
	if !ok {
		return authn.Record{}, store.ErrNotFound
	}
	key, err := authn.LongTermKey(name, realm, password)
	return authn.Record{Key: key}, err
}

func (b *backend) UserByHash(ctx context.Context, realm string, hash [sha256.Size]byte) (string, authn.Record, error) {
	b.mu.Lock()
	names := b.users
	b.mu.Unlock()
	for name := range names {
		if authn.UserHash(name, realm) == hash {
			record, err := b.User(ctx, realm, name)
			return name, record, err
		}
	}
	return "", authn.Record{}, errors.Join(b.begin(ctx, "hash"), store.ErrNotFound)
}

func (b *backend) Secrets(ctx context.Context, _ string) ([]authn.Secret, error) {
	if err := b.begin(ctx, "secrets"); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.secrets, nil
}

func (b *backend) Traits(context.Context, string) (store.Traits, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.traits, b.err
}

func (b *backend) Ping(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hangs {
		return context.DeadlineExceeded
	}
	return b.err
}

func (b *backend) Addresses() []string { return nil }
func (b *backend) Close() error        { return nil }

// open puts a Store in front of a back-end until the test ends.
func open(t *testing.T, name string, b store.Backend) (*store.Store, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	s := store.New(store.Config{
		Name: name, Type: "fake",
		TTL: time.Minute, NegativeTTL: 10 * time.Second, Stale: time.Hour,
		Entries: 100, Timeout: time.Second, Queries: 4,
	}, b, zap.New(core))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, logs
}

// newAuthenticator asks a Source after the static user alice.
func newAuthenticator(t *testing.T, source authn.Source) *authn.Authenticator {
	t.Helper()
	a, err := authn.New(authn.Config{
		Realm: realm, Source: source, SecurityFeatures: true,
		Users: []authn.User{{Name: "alice", Password: "wonderland"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try authenticates as a worker would: from memory, else after one fetch.
func try(t *testing.T, a *authn.Authenticator, name, password string) authn.Status {
	t.Helper()
	want, err := authn.WireKey(name, realm, password)
	if err != nil {
		t.Fatal(err)
	}
	check := func(key authn.Key) bool { return key.MD5 == want.MD5 }
	_, status := a.Verify(name, authn.PurposeAllocate, check)
	if status != authn.Pending {
		return status
	}
	if err := a.Fetch(t.Context(), name); err != nil {
		return authn.Pending
	}
	_, status = a.Verify(name, authn.PurposeAllocate, check)
	return status
}

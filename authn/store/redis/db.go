package redis

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

// Config says which Redis. It may hold a password and is never shown.
type Config struct {
	// URL is redis://user:password@host:port/database, rediss:// for TLS, or
	// unix:///path.
	URL string
	// Timeout bounds connecting and each command.
	Timeout time.Duration
	// Connections bounds those that are open at once.
	Connections int
}

// DB is a Redis with users.
type DB struct {
	client    *redis.Client
	addresses []string
}

// Open prepares a DB. It connects when first asked, so a Redis that is down is
// no error here. Its errors do not show Config.URL.
func Open(cfg Config) (*DB, error) {
	options, err := redis.ParseURL(cfg.URL)
	if err != nil {
		// The error quotes the text, and so might a password.
		return nil, errors.New("the dsn of Redis is not redis://user:password@host:port/database")
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout
	options.PoolSize = cfg.Connections
	options.MaxRetries = 1 // a connection that Redis closed, for one
	options.DisableIdentity = true
	db := &DB{client: redis.NewClient(options)}
	if options.Network == "tcp" {
		db.addresses = []string{options.Addr}
	}
	return db, nil
}

const (
	prefix     = "turn/realm/"
	userInfix  = "/user/"
	keySuffix  = "/key"
	secretName = "/secret"
)

// userKey is where the key of a user stands. A name with the infix in it could
// be a user of a realm whose name has it, too.
func userKey(realm, name string) (string, bool) {
	return prefix + realm + userInfix + name + keySuffix, !strings.Contains(name, userInfix)
}

func secretKey(realm string) string { return prefix + realm + secretName }

// User is part of store.Backend.
func (d *DB) User(ctx context.Context, realm, name string) (authn.Record, error) {
	k, ok := userKey(realm, name)
	if !ok {
		return authn.Record{}, store.ErrNotFound
	}
	text, err := d.client.Get(ctx, k).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return authn.Record{}, store.ErrNotFound
	case err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE"):
		return authn.Record{}, fmt.Errorf("%w: the key is not a string", store.ErrRejected)
	case err != nil:
		return authn.Record{}, fmt.Errorf("look up user: %w", err)
	}
	key, err := authn.ParseKey(strings.TrimSpace(text))
	if err != nil {
		return authn.Record{}, fmt.Errorf("%w: MD5 %w", store.ErrRejected, err)
	}
	return authn.Record{Key: key}, nil
}

// UserByHash is part of store.Backend; names have no hash here.
func (d *DB) UserByHash(context.Context, string, [sha256.Size]byte) (string, authn.Record, error) {
	return "", authn.Record{}, store.ErrNotFound
}

// Secrets is part of store.Backend. A secret is called by its fingerprint.
func (d *DB) Secrets(ctx context.Context, realm string) ([]authn.Secret, error) {
	values, err := d.client.SMembers(ctx, secretKey(realm)).Result()
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	slices.Sort(values)
	var list []authn.Secret
	for _, value := range values {
		list = append(list, authn.Secret{Name: store.Fingerprint(value), Value: value})
	}
	return list, nil
}

// Traits is part of store.Backend.
func (d *DB) Traits(context.Context, string) (store.Traits, error) { return store.Traits{}, nil }

// Ping is part of store.Backend.
func (d *DB) Ping(ctx context.Context) error {
	_, err := d.User(ctx, "", "")
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRejected) {
		return nil
	}
	return err
}

// Addresses is part of store.Backend.
func (d *DB) Addresses() []string { return d.addresses }

// Close is part of store.Backend.
func (d *DB) Close() error { return d.client.Close() }

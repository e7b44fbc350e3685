package redis

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

var errName = errors.New(`a name in Redis cannot contain "/user/"`)

// Prepare is part of store.Admin; Redis needs nothing.
func (d *DB) Prepare(context.Context) error { return nil }

// AddUser is part of store.Admin. Only the MD5 key is kept.
func (d *DB) AddUser(ctx context.Context, realm, name string, key authn.Key) error {
	return d.set(ctx, "NX", store.ErrExists, realm, name, key)
}

// SetUser is part of store.Admin.
func (d *DB) SetUser(ctx context.Context, realm, name string, key authn.Key) error {
	return d.set(ctx, "XX", store.ErrNotFound, realm, name, key)
}

// set writes the key of a user under a condition; refused is returned when it
// does not hold.
func (d *DB) set(ctx context.Context, condition string, refused error, realm, name string, key authn.Key) error {
	k, ok := userKey(realm, name)
	if !ok {
		return errName
	}
	err := d.client.SetArgs(ctx, k, hex.EncodeToString(key.MD5[:]), redis.SetArgs{Mode: condition}).Err()
	if errors.Is(err, redis.Nil) {
		return refused
	}
	if err != nil {
		return fmt.Errorf("write user: %w", err)
	}
	return nil
}

// RemoveUser is part of store.Admin.
func (d *DB) RemoveUser(ctx context.Context, realm, name string) error {
	k, ok := userKey(realm, name)
	if !ok {
		return store.ErrNotFound
	}
	return removed(d.client.Del(ctx, k).Result())(store.ErrNotFound)
}

// Users is part of store.Admin.
func (d *DB) Users(ctx context.Context, realm string) ([]store.User, error) {
	pattern := prefix + "*" + userInfix + "*" + keySuffix
	if realm != "" {
		pattern = prefix + escape(realm) + userInfix + "*" + keySuffix
	}
	var users []store.User
	scan := d.client.Scan(ctx, 0, pattern, 1000).Iterator()
	for scan.Next(ctx) {
		middle := strings.TrimSuffix(strings.TrimPrefix(scan.Val(), prefix), keySuffix)
		// The last infix: no name contains it.
		if at := strings.LastIndex(middle, userInfix); at >= 0 && (realm == "" || middle[:at] == realm) {
			users = append(users, store.User{Realm: middle[:at], Name: middle[at+len(userInfix):]})
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	slices.SortFunc(users, func(a, b store.User) int {
		return cmp.Or(strings.Compare(a.Realm, b.Realm), strings.Compare(a.Name, b.Name))
	})
	return slices.Compact(users), nil // a scan may show a key twice
}

// escape takes the meaning from the characters of a pattern.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

// AddSecret is part of store.Admin. Secrets have no names here.
func (d *DB) AddSecret(ctx context.Context, realm string, secret authn.Secret) error {
	added, err := d.client.SAdd(ctx, secretKey(realm), secret.Value).Result()
	if err != nil {
		return fmt.Errorf("write secret: %w", err)
	}
	if added == 0 {
		return store.ErrExists
	}
	return nil
}

// RetireSecret is part of store.Admin.
func (d *DB) RetireSecret(ctx context.Context, realm, id string) error {
	list, err := d.Secrets(ctx, realm)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Name == id {
			return removed(d.client.SRem(ctx, secretKey(realm), s.Value).Result())(store.ErrNoSecret)
		}
	}
	return store.ErrNoSecret
}

// removed turns what a deletion returned into an error; missing is the one for
// nothing deleted.
func removed(n int64, err error) func(missing error) error {
	return func(missing error) error {
		switch {
		case err != nil:
			return fmt.Errorf("delete: %w", err)
		case n == 0:
			return missing
		}
		return nil
	}
}

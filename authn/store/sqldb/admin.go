package sqldb

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

// Prepare is part of store.Admin. The file of SQLite is made for its owner only:
// it holds keys, and shared secrets as they are.
func (d *DB) Prepare(ctx context.Context) error {
	if d.cfg.Dialect == SQLite {
		if err := makeFile(d.cfg.Source); err != nil {
			return err
		}
	}
	for _, statement := range d.ask.create {
		if _, err := d.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make tables: %w", err)
		}
	}
	return nil
}

// makeFile makes an empty file, and its directory, unless they are there.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make directory of the database: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return f.Close()
}

// AddUser is part of store.Admin.
func (d *DB) AddUser(ctx context.Context, realm, name string, key authn.Key) error {
	switch _, err := d.one(ctx, d.ask.user, realm, name); {
	case err == nil:
		return store.ErrExists
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	md5, sha256 := columns(key)
	args := []any{realm, name, md5}
	if d.cfg.Schema == SchemaFairlead {
		hash := authn.UserHash(name, realm)
		args = append(args, sha256, hex.EncodeToString(hash[:]))
	}
	_, err := d.db.ExecContext(ctx, d.ask.insertUser, args...)
	return d.explain("add user", err)
}

// SetUser is part of store.Admin.
func (d *DB) SetUser(ctx context.Context, realm, name string, key authn.Key) error {
	md5, sha256 := columns(key)
	args := []any{md5}
	if d.cfg.Schema == SchemaFairlead {
		args = append(args, sha256)
	}
	// MySQL counts no row that stays as it is.
	if _, err := d.one(ctx, d.ask.user, realm, name); err != nil {
		return err
	}
	_, err := d.db.ExecContext(ctx, d.ask.updateUser, append(args, realm, name)...)
	return d.explain("change user", err)
}

// RemoveUser is part of store.Admin.
func (d *DB) RemoveUser(ctx context.Context, realm, name string) error {
	return d.remove(ctx, "remove user", store.ErrNotFound, d.ask.deleteUser, realm, name)
}

// Users is part of store.Admin.
func (d *DB) Users(ctx context.Context, realm string) (users []store.User, err error) {
	statement, args := d.ask.users, []any(nil)
	if realm != "" {
		statement, args = d.ask.usersOf, []any{realm}
	}
	rows, err := d.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, d.explain("list users", err)
	}
	defer rows.Close()
	for rows.Next() {
		var u row
		if err := rows.Scan(&u.realm, &u.name, &u.md5, &u.sha256); err != nil {
			return nil, d.explain("list users", err)
		}
		users = append(users, store.User{Realm: u.realm, Name: u.name, HasSHA256: u.sha256.Valid})
	}
	return users, d.explain("list users", rows.Err())
}

// Each calls f with every user and its keys, to copy them into another store.
func (d *DB) Each(ctx context.Context, f func(realm, name string, key authn.Key) error) error {
	rows, err := d.db.QueryContext(ctx, d.ask.users)
	if err != nil {
		return d.explain("read users", err)
	}
	defer rows.Close()
	for rows.Next() {
		var u row
		if err := rows.Scan(&u.realm, &u.name, &u.md5, &u.sha256); err != nil {
			return d.explain("read users", err)
		}
		record, err := u.record()
		if err != nil {
			return fmt.Errorf("user %q of realm %q: %w", u.name, u.realm, err)
		}
		if err := f(u.realm, u.name, record.Key); err != nil {
			return err
		}
	}
	return d.explain("read users", rows.Err())
}

// AddSecret is part of store.Admin. coturn's table has no names.
func (d *DB) AddSecret(ctx context.Context, realm string, secret authn.Secret) error {
	list, err := d.Secrets(ctx, realm)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Value == secret.Value || secret.Name != "" && s.Name == secret.Name {
			return store.ErrExists
		}
	}
	args := []any{realm}
	if d.cfg.Schema == SchemaFairlead {
		if secret.Name == "" {
			secret.Name = store.Fingerprint(secret.Value)
		}
		args = append(args, secret.Name)
	}
	_, err = d.db.ExecContext(ctx, d.ask.insertSecret, append(args, secret.Value)...)
	return d.explain("add secret", err)
}

// RetireSecret is part of store.Admin.
func (d *DB) RetireSecret(ctx context.Context, realm, id string) error {
	list, err := d.Secrets(ctx, realm)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Name != id && store.Fingerprint(s.Value) != id {
			continue
		}
		which := s.Name
		if d.cfg.Schema == SchemaCoturn {
			which = s.Value
		}
		return d.remove(ctx, "retire secret", store.ErrNoSecret, d.ask.deleteSecret, realm, which)
	}
	return store.ErrNoSecret
}

// remove deletes what a statement finds; missing is returned when it is nothing.
func (d *DB) remove(ctx context.Context, what string, missing error, statement string, args ...any) error {
	result, err := d.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return d.explain(what, err)
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return d.explain(what, err)
	case n == 0:
		return missing
	}
	return nil
}

// columns are the stored forms of a key; the SHA-256 form may be unknown.
func columns(key authn.Key) (md5 string, sha256 sql.NullString) {
	md5 = hex.EncodeToString(key.MD5[:])
	if key.SHA256 != (authn.Key{}).SHA256 {
		sha256 = sql.NullString{String: hex.EncodeToString(key.SHA256[:]), Valid: true}
	}
	return md5, sha256
}

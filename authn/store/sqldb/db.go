package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

// Config says which database and what is in it.
type Config struct {
	Dialect Dialect
	// Source is the file of SQLite, or the data source name of the others. It
	// may hold a password and is never shown.
	Source string
	Schema Schema
	// Connections bounds those that are open at once; 0: no bound.
	Connections int
	// IsWritable lets SQLite change the file, and Prepare make it.
	IsWritable bool
}

// idleTime is how long an unused connection is kept.
const idleTime = 5 * time.Minute

// DB is a database with users.
type DB struct {
	cfg       Config
	db        *sql.DB
	ask       statements
	addresses []string
}

// Open prepares a DB. It connects when first asked, so a database that is down
// is no error here. Its errors do not show Config.Source.
func Open(cfg Config) (*DB, error) {
	db, addresses, err := cfg.Dialect.open(cfg.Source, cfg.IsWritable)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(cfg.Connections)
	db.SetMaxIdleConns(max(cfg.Connections, 2))
	db.SetConnMaxIdleTime(idleTime)
	return &DB{cfg: cfg, db: db, ask: cfg.Schema.of(cfg.Dialect), addresses: addresses}, nil
}

// User is part of store.Backend.
func (d *DB) User(ctx context.Context, realm, name string) (authn.Record, error) {
	u, err := d.one(ctx, d.ask.user, realm, name)
	if err != nil {
		return authn.Record{}, err
	}
	// A collation may take Alice for alice.
	if u.realm != realm || u.name != name {
		return authn.Record{}, store.ErrNotFound
	}
	return u.record()
}

// UserByHash is part of store.Backend.
func (d *DB) UserByHash(ctx context.Context, realm string, hash [sha256.Size]byte) (string, authn.Record, error) {
	if d.ask.userByHash == "" {
		return "", authn.Record{}, store.ErrNotFound
	}
	u, err := d.one(ctx, d.ask.userByHash, realm, hex.EncodeToString(hash[:]))
	if err != nil {
		return "", authn.Record{}, err
	}
	record, err := u.record()
	return u.name, record, err
}

// Secrets is part of store.Backend. A secret without a name is called by its
// fingerprint.
func (d *DB) Secrets(ctx context.Context, realm string) (list []authn.Secret, err error) {
	rows, err := d.db.QueryContext(ctx, d.ask.secrets, realm)
	if err != nil {
		return nil, d.explain("read secrets", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s authn.Secret
		if err := rows.Scan(&s.Name, &s.Value); err != nil {
			return nil, d.explain("read secrets", err)
		}
		if s.Name == "" {
			s.Name = store.Fingerprint(s.Value)
		}
		list = append(list, s)
	}
	return list, d.explain("read secrets", rows.Err())
}

// Traits is part of store.Backend.
func (d *DB) Traits(ctx context.Context, realm string) (store.Traits, error) {
	if d.ask.withoutSHA256 == "" {
		return store.Traits{}, nil
	}
	var md5Only, secrets int
	if err := d.db.QueryRowContext(ctx, d.ask.withoutSHA256, realm).Scan(&md5Only); err != nil {
		return store.Traits{}, d.explain("count keys", err)
	}
	if err := d.db.QueryRowContext(ctx, d.ask.hasSecret, realm).Scan(&secrets); err != nil {
		return store.Traits{}, d.explain("count secrets", err)
	}
	return store.Traits{SHA256: md5Only == 0, UserHash: secrets == 0}, nil
}

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
func (d *DB) Close() error { return d.db.Close() }

// one reads the only user that a statement can find.
func (d *DB) one(ctx context.Context, statement string, args ...any) (row, error) {
	var u row
	err := d.db.QueryRowContext(ctx, statement, args...).Scan(&u.realm, &u.name, &u.md5, &u.sha256)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, store.ErrNotFound
	}
	return u, d.explain("look up user", err)
}

// explain says what to do about the errors of a database that are likely.
func (d *DB) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	if d.cfg.Dialect == SQLite {
		if _, missing := os.Stat(d.cfg.Source); errors.Is(missing, os.ErrNotExist) {
			return fmt.Errorf("%s: there is no file %s: fairlead users add makes it", what, d.cfg.Source)
		}
	}
	for _, hint := range []string{"no such table", "does not exist", "doesn't exist"} {
		if strings.Contains(err.Error(), hint) && strings.Contains(err.Error(), "_") {
			return fmt.Errorf("%s: %w (schema: fairlead has tables that fairlead users add makes, schema: coturn those of coturn)", what, err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// row is a user as it is stored.
type row struct {
	realm, name string
	md5, sha256 sql.NullString
}

func (u row) record() (authn.Record, error) {
	// Columns of type CHAR may come padded.
	key, err := authn.ParseKey(strings.TrimRight(u.md5.String, " "))
	if err != nil {
		return authn.Record{}, fmt.Errorf("%w: MD5 %w", store.ErrRejected, err)
	}
	if u.sha256.Valid {
		if key.SHA256, err = authn.ParseKeySHA256(strings.TrimRight(u.sha256.String, " ")); err != nil {
			return authn.Record{}, fmt.Errorf("%w: SHA-256 %w", store.ErrRejected, err)
		}
	}
	return authn.Record{Key: key}, nil
}

package sqldb_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/sqldb"
)

const realm = "north.gov"

// hostile are names that must be nothing but names.
var hostile = []string{
	`'; DROP TABLE fairlead_users; --`, `" OR 1=1 --`, `' OR ''='`, `%`, `_`, `a%s%n`, `back\slash`, `*`, `a/../b`, `turn/realm/x/user/y/key`,
}

// open opens a writable SQLite file of the schema, with its tables.
func open(t *testing.T, schema sqldb.Schema) (*sqldb.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b%2e?#", "users.db")
	db, err := sqldb.Open(sqldb.Config{Dialect: sqldb.SQLite, Source: path, Schema: schema, IsWritable: true, Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db, path
}

func keyOf(t *testing.T, name, password string) authn.Key {
	t.Helper()
	key, err := authn.LongTermKey(name, realm, password)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// wantUser compares the keys of a user with those of a password.
func wantUser(t *testing.T, db store.Backend, name string, want authn.Key) {
	t.Helper()
	record, err := db.User(t.Context(), realm, name)
	if err != nil {
		t.Errorf("user %q: %v", name, err)
	} else if record.Key != want {
		t.Errorf("user %q: got other keys than those of its password", name)
	}
}

func TestUsersRoundTrip(t *testing.T) {
	db, path := open(t, sqldb.SchemaFairlead)
	ctx := t.Context()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: got %v, %v, want mode 0600", info.Mode(), err)
	}
	names := append([]string{"alice", "Alice", "jürgen"}, hostile...)
	for _, name := range names {
		if err := db.AddUser(ctx, realm, name, keyOf(t, name, "secret of "+name)); err != nil {
			t.Fatalf("add %q: %v", name, err)
		}
		if err := db.AddUser(ctx, realm, name, keyOf(t, name, "other")); !errors.Is(err, store.ErrExists) {
			t.Errorf("add %q again: got %v, want ErrExists", name, err)
		}
	}
	reader, err := sqldb.Open(sqldb.Config{Dialect: sqldb.SQLite, Source: path})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, name := range names {
		want := keyOf(t, name, "secret of "+name)
		wantUser(t, reader, name, want)
		found, record, err := reader.UserByHash(ctx, realm, authn.UserHash(name, realm))
		if err != nil || found != name || record.Key != want {
			t.Errorf("hash of %q: got %q, %v", name, found, err)
		}
	}
	for _, name := range []string{"ALICE", "alice ", "mallory", "al%", ""} {
		if _, err := reader.User(ctx, realm, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("user %q: got %v, want ErrNotFound", name, err)
		}
	}
	if _, err := reader.User(ctx, "south.gov", "alice"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another realm: got %v, want ErrNotFound", err)
	}
	if err := reader.AddUser(ctx, realm, "new", keyOf(t, "new", "x")); err == nil {
		t.Error("the server's connection can write")
	}

	if err := db.SetUser(ctx, realm, "alice", keyOf(t, "alice", "changed")); err != nil {
		t.Error(err)
	}
	wantUser(t, reader, "alice", keyOf(t, "alice", "changed"))
	wantUser(t, reader, "Alice", keyOf(t, "Alice", "secret of Alice"))
	if err := db.SetUser(ctx, realm, "mallory", authn.Key{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("change an unknown user: got %v, want ErrNotFound", err)
	}
	users, err := db.Users(ctx, realm)
	if err != nil || len(users) != len(names) {
		t.Errorf("list: got %d users, %v, want %d", len(users), err, len(names))
	}
	for _, name := range names {
		if err := db.RemoveUser(ctx, realm, name); err != nil {
			t.Errorf("remove %q: %v", name, err)
		}
		if err := db.RemoveUser(ctx, realm, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("remove %q again: got %v, want ErrNotFound", name, err)
		}
	}
}

func TestSecretsRoundTrip(t *testing.T) {
	for name, schema := range map[string]sqldb.Schema{"fairlead": sqldb.SchemaFairlead, "coturn": sqldb.SchemaCoturn} {
		t.Run(name, func(t *testing.T) {
			db, _ := open(t, schema)
			ctx := t.Context()
			add := func(name, value string) error {
				return db.AddSecret(ctx, realm, authn.Secret{Name: name, Value: value})
			}
			if err := errors.Join(add("", "north"), add("", "south' --")); err != nil {
				t.Fatal(err)
			}
			if err := add("", "north"); !errors.Is(err, store.ErrExists) {
				t.Errorf("add again: got %v, want ErrExists", err)
			}
			if err := db.RetireSecret(ctx, realm, "nothing"); !errors.Is(err, store.ErrNoSecret) {
				t.Errorf("retire an unknown one: got %v, want ErrNoSecret", err)
			}
			if err := db.RetireSecret(ctx, realm, store.Fingerprint("north")); err != nil {
				t.Error(err)
			}
			list, err := db.Secrets(ctx, realm)
			if err != nil || len(list) != 1 || list[0].Value != "south' --" || list[0].Name != store.Fingerprint("south' --") {
				t.Errorf("left: got %d secrets, %v, want the other one", len(list), err)
			}
			if list, err := db.Secrets(ctx, "south.gov"); err != nil || len(list) != 0 {
				t.Errorf("another realm: got %d secrets, %v, want none", len(list), err)
			}
		})
	}
}

// TestCoturnTables reads a file with coturn's tables and the users of its
// documentation.
func TestCoturnTables(t *testing.T) {
	db, path := open(t, sqldb.SchemaCoturn)
	raw, err := sql.Open("sqlite", "file:"+(strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23", " ", "%20").Replace(path)))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, values := range [][]any{
		{realm, "gorst", "7da2270ccfa49786e0115366d3a3d14d"},
		{realm, "upper", "7DA2270CCFA49786E0115366D3A3D14D"},
		{realm, "broken", "hero"},
		{realm, "empty", nil},
	} {
		if _, err := raw.Exec(`INSERT INTO turnusers_lt VALUES (?, ?, ?)`, values...); err != nil {
			t.Fatal(err)
		}
	}
	record, err := db.User(t.Context(), realm, "gorst")
	want := keyOf(t, "gorst", "hero")
	if err != nil || record.Key.MD5 != want.MD5 || record.Key.SHA256 != (authn.Key{}).SHA256 {
		t.Errorf("gorst: got %v, want the MD5 key of hero and no other", err)
	}
	if _, err := db.User(t.Context(), realm, "upper"); err != nil {
		t.Errorf("key in capitals: %v", err)
	}
	for _, name := range []string{"broken", "empty"} {
		_, err := db.User(t.Context(), realm, name)
		if !errors.Is(err, store.ErrRejected) || strings.Contains(err.Error(), "hero") {
			t.Errorf("%s: got %v, want ErrRejected without the text", name, err)
		}
	}
	if traits, err := db.Traits(t.Context(), realm); err != nil || traits != (store.Traits{}) {
		t.Errorf("traits: got %+v, %v, want none", traits, err)
	}
	if _, _, err := db.UserByHash(t.Context(), realm, [sha256.Size]byte{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("hash: got %v, want ErrNotFound", err)
	}
}

// TestTraits: SHA-256 as long as every user of the realm has it, hashes as long
// as it has no secret.
func TestTraits(t *testing.T) {
	db, _ := open(t, sqldb.SchemaFairlead)
	ctx := t.Context()
	md5Only := keyOf(t, "old", "x")
	md5Only.SHA256 = authn.Key{}.SHA256
	steps := []struct {
		name string
		do   func() error
		want store.Traits
	}{
		{"empty", func() error { return nil }, store.Traits{SHA256: true, UserHash: true}},
		{"new user", func() error { return db.AddUser(ctx, realm, "new", keyOf(t, "new", "x")) }, store.Traits{SHA256: true, UserHash: true}},
		{"MD5 in another realm", func() error { return db.AddUser(ctx, "south", "old", md5Only) }, store.Traits{SHA256: true, UserHash: true}},
		{"MD5 in this one", func() error { return db.AddUser(ctx, realm, "old", md5Only) }, store.Traits{UserHash: true}},
		{"new password for it", func() error { return db.SetUser(ctx, realm, "old", keyOf(t, "old", "x")) }, store.Traits{SHA256: true, UserHash: true}},
		{"a secret", func() error { return db.AddSecret(ctx, realm, authn.Secret{Name: "n", Value: "v"}) }, store.Traits{SHA256: true}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Traits(ctx, realm); err != nil || got != step.want {
			t.Errorf("%s: got %+v, %v, want %+v", step.name, got, err, step.want)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	missing, err := sqldb.Open(sqldb.Config{Dialect: sqldb.SQLite, Source: filepath.Join(t.TempDir(), "none.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer missing.Close()
	if err := missing.Ping(context.Background()); err == nil || !strings.Contains(err.Error(), "fairlead users add makes it") {
		t.Errorf("no file: got %v, want how to make it", err)
	}
	db, path := open(t, sqldb.SchemaFairlead)
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	other, err := sqldb.Open(sqldb.Config{Dialect: sqldb.SQLite, Source: path, Schema: sqldb.SchemaCoturn})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "schema: coturn") {
		t.Errorf("other schema: got %v, want a word about schemas", err)
	}
	for dialect, dsn := range map[sqldb.Dialect]string{
		sqldb.PostgreSQL: "postgres://u:hunter2@host:notaport/db",
		sqldb.MySQL:      "u:hunter2@tcp(host:3306",
	} {
		if _, err := sqldb.Open(sqldb.Config{Dialect: dialect, Source: dsn}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("wrong dsn: got %v, want an error without the password", err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		dialect sqldb.Dialect
		dsn     string
		want    []string
	}{
		{sqldb.PostgreSQL, "postgres://u:p@192.0.2.1,192.0.2.2:5433/db?sslmode=disable", []string{"192.0.2.1:5432", "192.0.2.2:5433"}},
		{sqldb.PostgreSQL, "host=/run/postgresql dbname=turn", nil},
		{sqldb.MySQL, "u:p@tcp([2001:db8::1]:3306)/db", []string{"[2001:db8::1]:3306"}},
		{sqldb.MySQL, "u:p@unix(/run/mysqld/mysqld.sock)/db", nil},
	} {
		db, err := sqldb.Open(sqldb.Config{Dialect: tt.dialect, Source: tt.dsn})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, db.Addresses()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.dsn, diff)
		}
		_ = db.Close()
	}
}

// TestKeysAreStoredAsKeys looks for the password in the file.
func TestKeysAreStoredAsKeys(t *testing.T) {
	db, path := open(t, sqldb.SchemaFairlead)
	key := keyOf(t, "alice", "hunter2 hunter2")
	if err := db.AddUser(t.Context(), realm, "alice", key); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), "hunter2") || !strings.Contains(string(content), hex.EncodeToString(key.SHA256[:])) {
		t.Error("the file holds the password, or not the key")
	}
}

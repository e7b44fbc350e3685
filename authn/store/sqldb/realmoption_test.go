package sqldb_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn/store/sqldb"
)

func TestRealmOptions(t *testing.T) {
	db, path := open(t, sqldb.SchemaCoturn)
	if _, err := db.RealmOptions(t.Context()); err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("without the table: got %v, want an error with advice", err)
	}
	raw, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `CREATE TABLE turn_realm_option (realm varchar(127) default '', opt varchar(32), value varchar(128), primary key (realm,opt));
		INSERT INTO turn_realm_option VALUES ('south.gov', 'user-quota', '3 '), ('north.gov', 'max-bps', '125000')`); err != nil {
		t.Fatal(err)
	}
	got, err := db.RealmOptions(t.Context())
	want := []sqldb.RealmOption{{Realm: "north.gov", Name: "max-bps", Value: 125_000}, {Realm: "south.gov", Name: "user-quota", Value: 3}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("got error %v, options differ (-want +got):\n%s", err, diff)
	}
	if _, err := raw.ExecContext(t.Context(), `UPDATE turn_realm_option SET value = 'many' WHERE realm = 'south.gov'`); err != nil {
		t.Fatal(err)
	}
	if _, err := db.RealmOptions(t.Context()); err == nil || strings.Contains(err.Error(), "many") {
		t.Errorf("a value that is no number: got %v, want an error that does not quote it", err)
	}
}

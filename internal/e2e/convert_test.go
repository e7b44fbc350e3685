//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestConvertTurnserverConf moves from coturn with what coturn's own tool wrote: the
// converted file lets in the users of its databases, with the limits of their realm.
func TestConvertTurnserverConf(t *testing.T) {
	n := testnet.New(t)
	databases := []*database{newPostgreSQL(t, n.Relay), newMariaDB(t, n.Relay)}
	must(t, n.Relay.Command(t.Context(), "turnadmin", append([]string{"-g", "-r", testRealm, "--user-quota=1"}, databases[0].admin...)...))
	directory := t.TempDir()
	source := filepath.Join(directory, "turnserver.conf")
	text := strings.Join([]string{
		"listening-ip=" + testnet.ServerV4.String(),
		"relay-ip=" + testnet.RelayV4.String(),
		"realm=" + testRealm,
		"lt-cred-mech",
		`psql-userdb="postgres://postgres:db-password-1@127.0.0.1:5432/postgres?sslmode=disable"`,
		`mysql-userdb="host=127.0.0.1 dbname=coturn user=turn password=db-password-2 port=3306"`,
		"allowed-peer-ip=10.2.0.2",
		"prometheus",
	}, "\n")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := testnet.Start(t, n.Relay.Command(t.Context(), programPath(t), "config", "convert", "--realm-options", source))
	if code := p.Wait(t, patience); code != 0 {
		t.Fatalf("convert: got exit code %d, want 0: %s", code, p.Stderr())
	}
	converted := filepath.Join(directory, "fairlead.yaml")
	if err := os.WriteFile(converted, []byte(p.Stdout()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := testnet.Start(t, fairlead(t, n.Relay, "serve", "--config", converted))
	testnet.Await(t, patience, func() bool { return strings.Contains(s.Stderr(), "serving") || s.Ended() }, "the server serves")
	for i, d := range databases {
		client := newClient(t, n.Clients, testnet.ClientV4, serverV4, d.user())
		client.allocate(t)
		client.permit(t, testnet.PeerV4)
		second := newClient(t, n.Clients, testnet.ClientV4, serverV4, d.user())
		if code := second.tryAllocate(t); code != 486 {
			t.Errorf("database %d, a second allocation of a user: got error %d, want 486", i, code)
		}
	}
	s.Stop(t)
}

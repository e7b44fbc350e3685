//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// database is a real database on the relay's host, with coturn's schema, that can
// be stopped and started again. It has the user and secret that coturn's own
// turnadmin put into it.
type database struct {
	name   string // of its store, and of its user
	config map[string]any
	host   *testnet.Namespace
	start  []string // the command of the server
	ready  []string // a command that succeeds when it answers
	admin  []string // how turnadmin reaches it
	stop   syscall.Signal

	process *testnet.Process
}

// databaseTimeout bounds the start of a database on a busy machine.
const databaseTimeout = time.Minute

// user is who only this database knows.
func (d *database) user() user {
	return user{Name: d.name + "-user", Password: "a password of " + d.name}
}

// secret is a shared secret that only this database knows. It has no spaces:
// turnadmin would give Redis each word as a secret of its own.
func (d *database) secret() string { return "a-shared-secret-of-" + d.name }

// up starts the database and waits until it answers.
func (d *database) up(t testing.TB) {
	t.Helper()
	d.process = testnet.Start(t, d.host.Command(t.Context(), d.start[0], d.start[1:]...))
	testnet.Await(t, databaseTimeout, func() bool {
		if d.process.Ended() {
			t.Fatalf("%s has ended: %s", d.name, d.process.Output())
		}
		return d.host.Command(t.Context(), d.ready[0], d.ready[1:]...).Run() == nil
	}, "%s answers", d.name)
}

// down stops the database.
func (d *database) down(t testing.TB) {
	t.Helper()
	d.process.Signal(t, d.stop)
	d.process.Wait(t, databaseTimeout)
}

// fill lets coturn's own tool add a user and a secret.
func (d *database) fill(t testing.TB, u user) {
	t.Helper()
	d.fillRealm(t, testRealm, u)
}

// fillRealm is fill for a certain realm.
func (d *database) fillRealm(t testing.TB, realm string, u user) {
	t.Helper()
	must(t, d.host.Command(t.Context(), "turnadmin", append([]string{"-a", "-u", u.Name, "-r", realm, "-p", u.Password}, d.admin...)...))
	must(t, d.host.Command(t.Context(), "turnadmin", append([]string{"-s", d.secret(), "-r", realm}, d.admin...)...))
}

// must runs a command that has to succeed.
func must(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
}

// as runs a command as the user that a database insists on.
func as(account string, command ...string) []string {
	return append([]string{"setpriv", "--reuid=" + account, "--regid=" + account, "--clear-groups"}, command...)
}

// directory makes a place for the files of an account.
func directory(t testing.TB, account string) string {
	t.Helper()
	// Below the test's own directory nobody else may read.
	dir, err := os.MkdirTemp("", "fairlead-e2e-"+account+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, exec.Command("chown", account+":"+account, dir))
	return dir
}

const coturnSchema = "/usr/share/coturn/schema.sql"

func newPostgreSQL(t testing.TB, host *testnet.Namespace) *database {
	t.Helper()
	dir := directory(t, "postgres")
	bin, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bin) == 0 {
		t.Fatalf("find PostgreSQL: %v, %d found", err, len(bin))
	}
	data := filepath.Join(dir, "data")
	initdb := as("postgres", bin[0]+"/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
	must(t, exec.Command(initdb[0], initdb[1:]...))
	psql := []string{"psql", "-h", "127.0.0.1", "-U", "postgres", "-v", "ON_ERROR_STOP=1"}
	d := &database{
		name: "postgres", host: host, stop: syscall.SIGINT,
		config: map[string]any{"type": "postgres", "schema": "coturn", "dsn": "postgres://postgres:db-password-1@127.0.0.1:5432/postgres?sslmode=disable"},
		start:  as("postgres", bin[0]+"/postgres", "-D", data, "-p", "5432", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir, "-c", "fsync=off"),
		ready:  append(psql, "-c", "SELECT 1"),
		admin:  []string{"-e", "host=127.0.0.1 dbname=postgres user=postgres"},
	}
	d.up(t)
	must(t, host.Command(t.Context(), psql[0], append(psql[1:], "-f", coturnSchema)...))
	d.fill(t, d.user())
	return d
}

func newMariaDB(t testing.TB, host *testnet.Namespace) *database {
	t.Helper()
	dir := directory(t, "mysql")
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "socket")
	must(t, exec.Command("mariadb-install-db", "--no-defaults", "--user=mysql", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"))
	client := []string{"mariadb", "--no-defaults", "--socket=" + socket, "-u", "root"}
	d := &database{
		name: "mysql", host: host, stop: syscall.SIGTERM,
		config: map[string]any{"type": "mysql", "schema": "coturn", "dsn": "turn:db-password-2@tcp(127.0.0.1:3306)/coturn"},
		start: []string{"mariadbd", "--no-defaults", "--user=mysql", "--datadir=" + data, "--socket=" + socket,
			"--bind-address=127.0.0.1", "--port=3306", "--innodb-flush-log-at-trx-commit=0", "--pid-file=" + filepath.Join(dir, "pid")},
		ready: append(client, "-e", "SELECT 1"),
		admin: []string{"-M", "host=127.0.0.1 dbname=coturn user=turn password=db-password-2 port=3306"},
	}
	d.up(t)
	schema, err := os.ReadFile(coturnSchema)
	if err != nil {
		t.Fatal(err)
	}
	must(t, host.Command(t.Context(), client[0], append(client[1:], "-e",
		"CREATE DATABASE coturn; CREATE USER turn@'%' IDENTIFIED BY 'db-password-2'; GRANT ALL ON coturn.* TO turn@'%'; USE coturn; "+string(schema))...))
	d.fill(t, d.user())
	return d
}

func newRedis(t testing.TB, host *testnet.Namespace) *database {
	t.Helper()
	dir := directory(t, "redis")
	d := &database{
		name: "redis", host: host, stop: syscall.SIGTERM,
		config: map[string]any{"type": "redis", "dsn": "redis://:db-password-3@127.0.0.1:6379/0"},
		start: as("redis", "redis-server", "--bind", "127.0.0.1", "--port", "6379", "--dir", dir,
			"--requirepass", "db-password-3", "--save", "3600 1", "--daemonize", "no"),
		ready: []string{"redis-cli", "-a", "db-password-3", "--no-auth-warning", "get", "x"},
		admin: []string{"-N", "ip=127.0.0.1 dbname=0 password=db-password-3 port=6379"},
	}
	d.up(t)
	d.fill(t, d.user())
	return d
}

// stores are the databases as the configuration of the server names them.
func stores(databases []*database) []map[string]any {
	var list []map[string]any
	for _, d := range databases {
		entry := map[string]any{"name": d.name, "cache_ttl": "1s", "cache_negative_ttl": "1s", "timeout": "2s"}
		for key, value := range d.config {
			entry[key] = value
		}
		list = append(list, entry)
	}
	return list
}

// storeUp is how the gauge of a store looks in a scrape.
func storeUp(name string, kind any, up int) string {
	return fmt.Sprintf("fairlead_store_up{store=%q,type=%q} %d\n", name, kind, up)
}

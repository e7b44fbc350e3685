package sqldb

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Dialect is a kind of database.
type Dialect uint8

// The databases that can be asked.
const (
	SQLite Dialect = iota
	PostgreSQL
	MySQL
)

// place rewrites the placeholders ?, which no statement has for anything else.
func (d Dialect) place(statement string) string {
	if d != PostgreSQL {
		return statement
	}
	var b strings.Builder
	n := 0
	for _, r := range statement {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

// open prepares connections; it makes none.
func (d Dialect) open(source string, isWritable bool) (*sql.DB, []string, error) {
	switch d {
	case SQLite:
		db, err := openSQLite(source, isWritable)
		return db, nil, err
	case PostgreSQL:
		return openPostgreSQL(source)
	case MySQL:
		return openMySQL(source)
	}
	return nil, nil, fmt.Errorf("unknown dialect %d", d)
}

// openSQLite opens the file at path. A reader never makes one, so that a wrong
// path shows.
func openSQLite(path string, isWritable bool) (*sql.DB, error) {
	mode := "ro"
	if isWritable {
		mode = "rw"
	}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	query := url.Values{"mode": {mode}, "_pragma": {"busy_timeout(2000)"}}
	name.RawQuery = query.Encode()
	return sql.Open("sqlite", name.String())
}

func openPostgreSQL(source string) (*sql.DB, []string, error) {
	cfg, err := pgx.ParseConfig(source)
	if err != nil {
		// The error quotes the text, and so might a password.
		return nil, nil, fmt.Errorf("the dsn of PostgreSQL is neither a URL nor a list of key=value")
	}
	addresses := []string{address(cfg.Host, int(cfg.Port))}
	for _, other := range cfg.Fallbacks {
		addresses = append(addresses, address(other.Host, int(other.Port)))
	}
	return stdlib.OpenDB(*cfg), compact(addresses), nil
}

func openMySQL(source string) (*sql.DB, []string, error) {
	cfg, err := mysql.ParseDSN(source)
	if err != nil {
		return nil, nil, fmt.Errorf("the dsn of MySQL is not user:password@tcp(host:port)/database")
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("use the dsn of MySQL: %w", err)
	}
	var addresses []string
	if cfg.Net == "tcp" {
		addresses = []string{cfg.Addr}
	}
	return sql.OpenDB(connector), addresses, nil
}

// address is empty for a unix socket.
func address(host string, port int) string {
	if host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// compact leaves out empty addresses and repetitions.
func compact(addresses []string) []string {
	seen := map[string]bool{"": true}
	var kept []string
	for _, each := range addresses {
		if !seen[each] {
			seen[each] = true
			kept = append(kept, each)
		}
	}
	return kept
}

package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/httphook"
	"github.com/fairlead/fairlead/authn/store/jwt"
	"github.com/fairlead/fairlead/authn/store/redis"
	"github.com/fairlead/fairlead/authn/store/sqldb"
)

// Store is a back-end that knows users, and how it is asked. What is zero or
// empty has the default that Cache and the back-ends give.
type Store struct {
	Name string `yaml:"name"`
	Type string `yaml:"type"`

	Realms []string `yaml:"realms"`
	Tenant string   `yaml:"tenant"`

	Path          string `yaml:"path"`
	DSN           Secret `yaml:"dsn"`
	DSNFile       string `yaml:"dsn_file"`
	Schema        string `yaml:"schema"`
	URL           Secret `yaml:"url"`
	Token         Secret `yaml:"token"`
	TokenFile     string `yaml:"token_file"`
	SHA256        bool   `yaml:"sha256"`
	Secret        Secret `yaml:"secret"`
	SecretFile    string `yaml:"secret_file"`
	PublicKey     Secret `yaml:"public_key"`
	PublicKeyFile string `yaml:"public_key_file"`
	Password      Secret `yaml:"password"`
	PasswordFile  string `yaml:"password_file"`
	KeyID         string `yaml:"key_id"`
	Issuer        string `yaml:"issuer"`
	Audience      string `yaml:"audience"`

	CacheTTL         Duration `yaml:"cache_ttl"`
	CacheNegativeTTL Duration `yaml:"cache_negative_ttl"`
	CacheStale       Duration `yaml:"cache_stale"`
	CacheEntries     int      `yaml:"cache_entries"`
	Timeout          Duration `yaml:"timeout"`
	Connections      int      `yaml:"connections"`
}

// Types of stores, and the schemas of those with SQL.
const (
	storeSQLite     = "sqlite"
	storePostgreSQL = "postgres"
	storeMySQL      = "mysql"
	storeRedis      = "redis"
	storeHTTP       = "http"
	storeJWT        = "jwt"

	schemaFairlead = "fairlead"
	schemaCoturn   = "coturn"
)

// DefaultStorePath is where the SQLite file is when nothing else is said.
const DefaultStorePath = "/var/lib/fairlead/users.db"

// IsDatabase reports whether users can be written into the store.
func (s Store) IsDatabase() bool { return s.Type != storeHTTP && s.Type != storeJWT }

// Serves reports whether the store is asked about a realm.
func (s Store) Serves(realm string) bool {
	return len(s.Realms) == 0 || slices.Contains(s.preparedRealms(), prepared(realm))
}

// preparedRealms are the realms in the form that the server goes by.
func (s Store) preparedRealms() []string {
	var names []string
	for _, name := range s.Realms {
		names = append(names, prepared(name))
	}
	return names
}

// Cache bounds what is remembered of the back-end and how long it is waited for.
func (s Store) Cache() store.Config {
	return store.Config{
		Name:        s.Name,
		Type:        s.Type,
		Realms:      s.preparedRealms(),
		Tenant:      s.Tenant,
		TTL:         orDuration(s.CacheTTL, 60*time.Second),
		NegativeTTL: orDuration(s.CacheNegativeTTL, 10*time.Second),
		Stale:       orDuration(s.CacheStale, time.Hour),
		Entries:     orNumber(s.CacheEntries, 100_000),
		Timeout:     orDuration(s.Timeout, time.Second),
		Queries:     s.connections(),
	}
}

func (s Store) connections() int { return orNumber(s.Connections, 8) }

// Backend opens the back-end, which connects when it is first asked. A writable
// one also changes the file of SQLite. The error shows no secret.
func (s Store) Backend(clockSkew Duration, isWritable bool) (store.Backend, error) {
	switch s.Type {
	case storeRedis:
		return redis.Open(redis.Config{URL: s.DSN.Reveal(), Timeout: s.Cache().Timeout, Connections: s.connections()})
	case storeHTTP:
		return httphook.Open(httphook.Config{URL: s.URL.Reveal(), Token: s.Token.Reveal(), HasSHA256: s.SHA256, Connections: s.connections()})
	case storeJWT:
		return jwt.New(jwt.Config{
			Secret: s.Secret.Reveal(), PublicKey: s.PublicKey.Reveal(), Password: s.Password.Reveal(),
			KeyID: s.KeyID, Issuer: s.Issuer, Audience: s.Audience, ClockSkew: clockSkew.Std(),
		})
	}
	cfg := sqldb.Config{Source: s.DSN.Reveal(), Connections: s.connections(), IsWritable: isWritable}
	switch s.Type {
	case storeSQLite:
		cfg.Dialect, cfg.Source = sqldb.SQLite, s.Path
		if cfg.Source == "" {
			cfg.Source = DefaultStorePath
		}
	case storePostgreSQL:
		cfg.Dialect = sqldb.PostgreSQL
	case storeMySQL:
		cfg.Dialect = sqldb.MySQL
	default:
		return nil, fmt.Errorf("no store is of type %q", s.Type)
	}
	if s.Schema == schemaCoturn {
		cfg.Schema = sqldb.SchemaCoturn
	}
	return sqldb.Open(cfg)
}

func orDuration(d Duration, absent time.Duration) time.Duration {
	if d == 0 {
		return absent
	}
	return d.Std()
}

func orNumber(n, absent int) int {
	if n == 0 {
		return absent
	}
	return n
}

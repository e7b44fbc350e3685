package turnserver

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/fairlead/fairlead/internal/config"
)

// minNonceKeyBytes is what auth.nonce_key asks for.
const minNonceKeyBytes = 32

// access is what a file says about who may relay.
type access struct {
	users      []config.User
	secrets    []config.SharedSecret
	stores     []config.Store
	hasSecrets bool
	anonymous  bool
}

// user takes NAME:PASSWORD or NAME:0xKEY.
func (a *access) user(c *conversion, value string) {
	name, secret, found := strings.Cut(value, ":")
	switch {
	case !found || name == "" || secret == "":
		c.note("is not NAME:PASSWORD or NAME:0xKEY: left out")
	case strings.HasPrefix(secret, "0x"):
		a.users = append(a.users, config.User{Name: name, Key: config.Secret(secret)})
	default:
		a.users = append(a.users, config.User{Name: name, Password: config.Secret(secret)})
	}
}

func (a *access) secret(value string) {
	a.hasSecrets = true
	a.secrets = append(a.secrets, config.SharedSecret{Value: config.Secret(value)})
}

// add takes a store under a name of its own.
func (a *access) add(s config.Store) {
	s.Name = s.Type
	for n := 2; ; n++ {
		isTaken := false
		for _, each := range a.stores {
			isTaken = isTaken || each.Name == s.Name
		}
		if !isTaken {
			break
		}
		s.Name = fmt.Sprintf("%s-%d", s.Type, n)
	}
	a.stores = append(a.stores, s)
}

func (a *access) sqlite(path string) {
	a.add(config.Store{Type: "sqlite", Path: path, Schema: "coturn"})
}

// postgreSQL takes a connection string or a URL, which mean the same here.
func (a *access) postgreSQL(value string) {
	a.add(config.Store{Type: "postgres", DSN: config.Secret(value), Schema: "coturn"})
}

// words reads "name=value name=value".
func words(text string) map[string]string {
	values := make(map[string]string)
	for word := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(word, "=")
		values[name] = value
	}
	return values
}

// or is the first text that is not empty.
func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// mySQL takes "host=… dbname=… user=… password=… port=…".
func (a *access) mySQL(c *conversion, value string) {
	v := words(value)
	if v["cafile"]+v["ca"]+v["capath"]+v["cert"]+v["key"] != "" {
		c.note("its TLS files are not taken over: add tls=… to the dsn of the store")
	}
	address := net.JoinHostPort(or(v["host"], "127.0.0.1"), or(v["port"], "3306"))
	dsn := fmt.Sprintf("%s:%s@tcp(%s)/%s", v["user"], v["password"], address, or(v["dbname"], v["database"]))
	a.add(config.Store{Type: "mysql", DSN: config.Secret(dsn), Schema: "coturn"})
}

// redis takes "ip=… dbname=… password=… port=…".
func (a *access) redis(c *conversion, value string) {
	dsn, ok := redisURL(value)
	if !ok {
		c.note("cannot be read: add the store by hand")
		return
	}
	a.add(config.Store{Type: "redis", DSN: config.Secret(dsn)})
}

func redisURL(value string) (text string, ok bool) {
	if strings.Contains(value, "://") {
		return value, true
	}
	v := words(value)
	if len(v) == 0 {
		return "", false
	}
	target := url.URL{
		Scheme: "redis", Host: net.JoinHostPort(or(v["ip"], or(v["host"], "127.0.0.1")), or(v["port"], "6379")), Path: "/" + or(v["dbname"], "0"),
	}
	if v["tls"] != "" && v["tls"] != "0" {
		target.Scheme = "rediss"
	}
	if v["password"] != "" {
		target.User = url.UserPassword(v["user"], v["password"])
	}
	return target.String(), true
}

// statistics sends events where coturn sent its own, with its channels and texts.
func (c *conversion) statistics(value string) {
	target, ok := redisURL(value)
	if !ok {
		c.note("cannot be read: set events.redis by hand")
		return
	}
	c.cfg.Events.Redis.URL, c.cfg.Events.Redis.CoturnChannels = config.Secret(target), true
	c.note("events are published on its channels; no keys are set")
}

func (c *conversion) separator(value string) {
	if value != ":" {
		c.note("the separator of REST usernames is always a colon")
	}
}

func (c *conversion) nonceKey(value string) {
	if len(value) < minNonceKeyBytes {
		c.note("is too short for auth.nonce_key, which needs %d bytes: openssl rand -hex 32 makes one for all servers", minNonceKeyBytes)
		return
	}
	c.cfg.Auth.NonceKey = config.Secret(value)
}

// writeAccess fills auth. Beside a secret coturn ignores static users; taking them over
// would let in who was not let in before.
func (c *conversion) writeAccess() {
	a, auth := &c.access, &c.cfg.Auth
	auth.Secrets, auth.Stores, auth.Anonymous = a.secrets, a.stores, a.anonymous
	if a.hasSecrets && len(a.users) > 0 {
		c.notes = append(c.notes, Note{Name: "user", Text: "coturn ignores users beside a secret, so they are left out; here both work: add them to auth.users"})
		return
	}
	auth.Users = a.users
}

// bandwidth takes bytes per second of one allocation, each way.
func (c *conversion) bandwidth(bytesPerSecond int64) {
	q := &c.cfg.Quota
	q.AllocationToPeerBitsPerSecond, q.AllocationToClientBitsPerSecond = bits(bytesPerSecond), bits(bytesPerSecond)
}

// capacity takes bytes per second of the whole server.
func (c *conversion) capacity(bytesPerSecond int64) {
	q := &c.cfg.Quota
	q.ServerToPeerBitsPerSecond, q.ServerToClientBitsPerSecond = bits(bytesPerSecond), bits(bytesPerSecond)
	c.note("is a limit on what is relayed each way, not on what allocations could relay")
}

func bits(bytes int64) int64 { return min(bytes, 1<<50) * 8 }

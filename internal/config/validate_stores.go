package config

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// storeName is what becomes a label of metrics.
var storeName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// storeKeys lists the keys that a type of store has beside those of all.
var storeKeys = map[string][]string{
	storeSQLite:     {"path", "schema"},
	storePostgreSQL: {"dsn", "dsn_file", "schema"},
	storeMySQL:      {"dsn", "dsn_file", "schema"},
	storeRedis:      {"dsn", "dsn_file"},
	storeHTTP:       {"url", "token", "token_file", "sha256"},
	storeJWT:        {"secret", "secret_file", "public_key", "public_key_file", "password", "password_file", "key_id", "issuer", "audience"},
}

// cacheKeys are those that every store has.
var cacheKeys = []string{
	"name", "type", "realms", "tenant", "cache_ttl", "cache_negative_ttl", "cache_stale", "cache_entries", "timeout", "connections",
}

func (v *validator) stores() {
	names := map[string]int{}
	for i, s := range v.config.Auth.Stores {
		path := fmt.Sprintf("auth.stores[%d]", i)
		if !storeName.MatchString(s.Name) {
			v.reject(path+".name", s.Name, "must be 1 to 32 letters, digits, - or _: it stands in logs and metrics")
		} else if j, taken := names[s.Name]; taken {
			v.reject(path+".name", s.Name, "repeats auth.stores[%d]", j)
		}
		names[s.Name] = i
		keys, known := storeKeys[s.Type]
		if !known {
			v.oneOf(path+".type", s.Type, storeSQLite, storePostgreSQL, storeMySQL, storeRedis, storeHTTP, storeJWT)
			continue
		}
		v.storeKeys(path, s, keys)
		v.storeScope(path, s)
		v.storeCache(path, s)
		if backend, err := s.Backend(v.config.Auth.ClockSkew, false); err != nil {
			v.reject(path, nil, "%v", err)
		} else {
			_ = backend.Close() // it has connected to nothing
		}
	}
}

// storeKeys refuses what a store of this type would ignore.
func (v *validator) storeKeys(path string, s Store, keys []string) {
	if s.Schema != "" {
		v.oneOf(path+".schema", s.Schema, schemaFairlead, schemaCoturn)
	}
	value := reflect.ValueOf(s)
	for _, f := range reflect.VisibleFields(value.Type()) {
		name := f.Tag.Get("yaml")
		if value.FieldByIndex(f.Index).IsZero() || slices.Contains(keys, name) || slices.Contains(cacheKeys, name) {
			continue
		}
		v.reject(path+"."+name, nil, "means nothing to a store of type %s, which has: %s", s.Type, strings.Join(keys, ", "))
	}
}

// storeScope checks whose users a store holds.
func (v *validator) storeScope(path string, s Store) {
	for i, name := range s.Realms {
		if _, known := v.config.RealmOf(name); !known || name == "" {
			v.reject(fmt.Sprintf("%s.realms[%d]", path, i), name, "is neither auth.realm nor the name of one of realms")
		} else if j := slices.Index(s.Realms, name); j < i {
			v.reject(fmt.Sprintf("%s.realms[%d]", path, i), name, "stands in realms[%d] already", j)
		}
	}
	if s.Tenant != "" {
		v.label(path+".tenant", s.Tenant)
	}
}

func (v *validator) storeCache(path string, s Store) {
	c := s.Cache()
	v.lasts(path+".cache_ttl", Duration(c.TTL), seconds(1), Duration(24*time.Hour))
	v.lasts(path+".cache_negative_ttl", Duration(c.NegativeTTL), seconds(1), Duration(24*time.Hour))
	v.lasts(path+".cache_stale", Duration(c.Stale), seconds(1), Duration(24*time.Hour))
	v.between(path+".cache_entries", int64(c.Entries), 100, 10_000_000)
	v.lasts(path+".timeout", Duration(c.Timeout), Duration(50*time.Millisecond), seconds(9))
	v.between(path+".connections", int64(c.Queries), 1, 1000)
}

// anyStores stands for the stores where only the rules of authn are asked.
type anyStores struct{}

func (anyStores) Lookup(string, string) (authn.Record, authn.Status) {
	return authn.Record{}, authn.Unknown
}
func (anyStores) Secrets(string) (*authn.Secrets, authn.Status) { return nil, authn.Unknown }
func (anyStores) Username(string, [sha256.Size]byte) (string, authn.Status) {
	return "", authn.Unknown
}
func (anyStores) Fetch(context.Context, string, string) error                { return nil }
func (anyStores) FetchHash(context.Context, string, [sha256.Size]byte) error { return nil }
func (anyStores) HasSHA256(string) bool                                      { return false }
func (anyStores) HasUserHash(string) bool                                    { return false }

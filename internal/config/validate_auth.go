package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// minNonceKeyBytes is the strength of the HMAC-SHA256 that the key is for.
const minNonceKeyBytes = 32

func (v *validator) auth() {
	a := v.config.Auth
	v.credentials("auth", v.config.asRealm(), v.config.authnOf(v.config.asRealm()))
	v.stores()
	v.oneOf("auth.expiry", a.Expiry, expiryAllocate, expiryStrict)
	v.lasts("auth.nonce_lifetime", a.NonceLifetime, seconds(10), Duration(24*time.Hour))
	if n := len(a.NonceKey); n > 0 && n < minNonceKeyBytes {
		v.reject("auth.nonce_key", a.NonceKey, "has %d bytes, at least %d are needed: openssl rand -hex 32 makes one", n, minNonceKeyBytes)
	}
	v.between("auth.unauthenticated_answers_per_second", int64(a.UnauthenticatedAnswersPerSecond), 0, 1_000_000)
}

// credentials asks authn itself, so that its rules stand in one place. Keys
// are parsed first: in the Config of authn they have their binary form.
func (v *validator) credentials(path string, realm Realm, cfg authn.Config) {
	for i, user := range realm.Users {
		if user.Key == "" {
			continue
		}
		key, err := authn.ParseKey(user.Key.Reveal())
		if err != nil {
			v.reject(fmt.Sprintf("%s.users[%d].key", path, i), user.Key, "%s", strings.TrimPrefix(err.Error(), "key "))
			key.MD5[0] = 1 // any key, so that authn goes on to the other rules
		}
		cfg.Users[i].Key = key
	}
	for i, secret := range realm.Secrets {
		if secret.Tenant != "" {
			v.label(fmt.Sprintf("%s.secrets[%d].tenant", path, i), secret.Tenant)
		}
	}
	v.oauth(path, realm.OAuth, &cfg.OAuth)
	if v.config.hasStore(realm.Name) {
		cfg.Source = anyStores{}
	}
	_, err := authn.New(cfg)
	v.authnProblems(path, err)
}

// authnPath is how authn starts the problem of one entry.
var authnPath = regexp.MustCompile(`^(?:users|secrets)\[\d+\]$|^[a-z_]+$`)

// authnProblems spreads out the joined errors of authn.New.
func (v *validator) authnProblems(path string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, each := range joined.Unwrap() {
			v.authnProblems(path, each)
		}
		return
	}
	name, rule, found := strings.Cut(err.Error(), ": ")
	if !found || !authnPath.MatchString(name) {
		v.reject(path, nil, "%s", err.Error())
		return
	}
	if name == "realm" && path != "auth" {
		name = "name"
	}
	v.reject(path+"."+name, nil, "%s", rule)
}

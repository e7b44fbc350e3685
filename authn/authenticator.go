package authn

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
)

// Authenticator verifies the credentials of one realm. It is immutable and safe
// for concurrent use.
type Authenticator struct {
	realm    string
	users    map[string]Key // by prepared name
	secrets  *Secrets
	source   Source
	tokens   *tokens
	dummy    Key // checked for names that nobody knows, so that they cost the same
	features Features
	names    map[[sha256.Size]byte]string // of users, by USERHASH; empty unless announced

	strict        bool
	grace         time.Duration
	skew          time.Duration
	maxTimeToLive time.Duration
	anonymous     bool
}

// New validates cfg and computes the keys of its users. Its error lists every
// problem, each with its entry and the rule, and contains no secret.
func New(cfg Config) (*Authenticator, error) {
	problem := cfg.check()
	realm, err := PrepareRealm(cfg.Realm)
	if err != nil {
		// Keys need the realm; users are checked under a stand-in so that
		// their problems are listed, too.
		problem = errors.Join(problem, fmt.Errorf("realm: %q %w", cfg.Realm, err))
		realm = "invalid"
	}
	users, err := userKeys(cfg.Users, realm)
	if problem = errors.Join(problem, err); problem != nil {
		return nil, problem
	}
	a := &Authenticator{
		realm:         realm,
		users:         users,
		secrets:       NewSecrets(cfg.Secrets),
		source:        cfg.Source,
		tokens:        newTokens(cfg.OAuth, cfg.ClockSkew),
		dummy:         randomKey(),
		features:      cfg.features(realm),
		strict:        cfg.Expiry == ExpiryStrict,
		grace:         cfg.ExpiryGrace,
		skew:          cfg.ClockSkew,
		maxTimeToLive: cfg.MaxTimeToLive,
		anonymous:     cfg.Anonymous,
	}
	if a.features.UserHash {
		a.names = make(map[[sha256.Size]byte]string, len(users))
		for name := range users {
			a.names[wire.UserHash(name, realm)] = name
		}
	}
	return a, nil
}

// Realm returns the prepared realm, as it goes out in REALM attributes.
func (a *Authenticator) Realm() string { return a.realm }

// Features returns what the realm announces to clients of RFC 8489.
func (a *Authenticator) Features() Features { return a.features }

// Username returns the name that a USERHASH stands for, for Verify. It is empty
// for an unknown hash, which Verify takes for an unknown name, at its cost. On
// Pending only FetchHash can tell.
func (a *Authenticator) Username(hash [sha256.Size]byte) (string, Status) {
	if name, ok := a.names[hash]; ok {
		return name, Found
	}
	if a.source == nil || !a.features.UserHash {
		return "", Unknown
	}
	return a.source.Username(a.realm, hash)
}

// Anonymous reports whether requests without credentials may relay.
func (a *Authenticator) Anonymous() bool { return a.anonymous }

// Verify finds the credential of a request. It calls check with each candidate
// key in turn until one fits; check computes the message integrity and compares
// in constant time. A static user hides REST credentials of the same name; then
// come the shared secrets in their order, those of the Source last, then the
// users of the Source.
//
// The Credential is set for Found and Expired only.
func (a *Authenticator) Verify(username string, purpose Purpose, check func(key Key) bool) (Credential, Status) {
	c, status := a.find(wireName(username), check)
	if status == Found && !a.isTimely(c.ExpiresAt, purpose) {
		status = Expired
	}
	return c, status
}

// StillValid reports whether the configuration would still make the key of c
// for this username, on behalf of its tenant: false when the user or its shared
// secret was removed or is another tenant's, or its key changed. The expiry plays
// no part. The empty username stands for an anonymous allocation. A user whom only
// a back-end could tell counts as valid.
func (a *Authenticator) StillValid(username string, c Credential) bool {
	if username == "" {
		return a.anonymous
	}
	now, status := a.find(wireName(username), c.Key.equal)
	return status == Found && now.Tenant == c.Tenant || status == Pending || status == Unavailable
}

// wireName drops trailing NULs, as RFC 8489 section 9.2.2 does for the key.
func wireName(username string) string { return strings.TrimRight(username, "\x00") }

// find is Verify without the clock. Whatever the name, it checks at least one
// key, so that the time taken does not tell which names exist.
func (a *Authenticator) find(name string, check func(key Key) bool) (Credential, Status) {
	if name == "" || len(name) > MaxWireUsernameBytes {
		check(a.dummy)
		return Credential{}, Unknown
	}
	if key, ok := a.users[name]; ok {
		return found(Credential{Key: key, User: name}, check)
	}
	status := Unknown
	if expiry, id, ok := parseREST(name); ok {
		rest := Credential{User: id, ExpiresAt: time.Unix(expiry, 0)}
		if c, status := a.secrets.find(rest, name, a.realm, check); status == Found {
			return c, Found
		}
		if a.source != nil {
			var stored *Secrets
			stored, status = a.source.Secrets(a.realm)
			status = unclear(status, Unknown)
			if c, status := stored.find(rest, name, a.realm, check); status == Found {
				return c, Found
			}
		}
	}
	if a.source != nil {
		record, of := a.source.Lookup(a.realm, name)
		if of == Found {
			if c, of := found(record.credential(name), check); of == Found {
				return c, Found
			}
			return Credential{}, status
		}
		status = unclear(status, of)
	}
	if status == Unknown {
		check(a.dummy)
	}
	return Credential{}, status
}

// found returns c if its key passes check.
func found(c Credential, check func(key Key) bool) (Credential, Status) {
	if !check(c.Key) {
		return Credential{}, Unknown
	}
	return c, Found
}

// isTimely reports whether a credential that expires then (zero: never) may be
// used now.
func (a *Authenticator) isTimely(expires time.Time, purpose Purpose) bool {
	if expires.IsZero() {
		return true
	}
	left := time.Until(expires)
	if purpose == PurposeAllocate {
		return left >= -a.skew && (a.maxTimeToLive == 0 || left-a.skew <= a.maxTimeToLive)
	}
	return !a.strict || left >= -a.skew-a.grace
}

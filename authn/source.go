package authn

import (
	"context"
	"crypto/sha256"
	"time"
)

// Source knows users and shared secrets that live outside the configuration, of
// any realm. It must be safe for concurrent use.
//
// What it answers itself comes from memory and never waits; Pending says that
// only a fetch can tell, Unavailable that the back-end which could is down.
type Source interface {
	// Lookup returns the user of that name; the Record is set for Found only.
	Lookup(realm, username string) (Record, Status)
	// Secrets returns the shared secrets that are known. Any status may stand
	// beside them: secrets of a second back-end count while the first is down.
	Secrets(realm string) (*Secrets, Status)
	// Username returns the name behind a USERHASH.
	Username(realm string, hash [sha256.Size]byte) (string, Status)
	// Fetch asks the back-ends for what Lookup or Secrets found pending and keeps
	// the answer for them. It returns soon after ctx ends. An error means that
	// they would still say Pending.
	Fetch(ctx context.Context, realm, username string) error
	// FetchHash is Fetch for what Username found pending, and for the user behind.
	FetchHash(ctx context.Context, realm string, hash [sha256.Size]byte) error
	// HasSHA256 reports whether every key of the realm has its SHA-256 form. New
	// asks it once: one user with the MD5 form alone keeps a realm from
	// announcing SHA-256.
	HasSHA256(realm string) bool
	// HasUserHash reports whether every name of the realm can be found by its
	// hash, and no shared secret makes names that cannot. New asks it once.
	HasUserHash(realm string) bool
}

// Record is what a Source knows of a user.
type Record struct {
	Key       Key
	User      string    // identity for quotas; empty: the name
	ExpiresAt time.Time // of a credential that expires; zero: never
	Tenant    string    // that the user belongs to; may be empty
}

// Secrets is a list of shared secrets that is ready to check credentials with.
// It is immutable and safe for concurrent use; nil is an empty one.
type Secrets struct {
	signers []*signer
}

// NewSecrets prepares a list. Secrets without a value, which would open the
// server to everybody, are left out.
func NewSecrets(list []Secret) *Secrets {
	s := &Secrets{}
	for _, each := range list {
		if each.Value != "" {
			s.signers = append(s.signers, newSigner(each))
		}
	}
	return s
}

// Join returns the secrets of both lists, those of s first.
func (s *Secrets) Join(other *Secrets) *Secrets {
	switch {
	case s == nil || len(s.signers) == 0:
		return other
	case other == nil || len(other.signers) == 0:
		return s
	}
	joined := append([]*signer(nil), s.signers...)
	return &Secrets{signers: append(joined, other.signers...)}
}

// Len is the number of secrets.
func (s *Secrets) Len() int {
	if s == nil {
		return 0
	}
	return len(s.signers)
}

// find checks the keys that the secrets make of a REST username.
func (s *Secrets) find(c Credential, name, realm string, check func(key Key) bool) (Credential, Status) {
	if s == nil {
		return Credential{}, Unknown
	}
	for _, signer := range s.signers {
		if key := signer.key(name, realm); check(key) {
			c.Key, c.SecretName, c.Tenant = key, signer.name, signer.tenant
			return c, Found
		}
	}
	return Credential{}, Unknown
}

// Fetch asks the Source for what a request whose Verify said Pending needs. It
// waits for a back-end, so it runs in a Park and never on a worker.
func (a *Authenticator) Fetch(ctx context.Context, username string) error {
	return a.source.Fetch(ctx, a.realm, wireName(username))
}

// FetchHash is Fetch for a USERHASH of which Username said Pending.
func (a *Authenticator) FetchHash(ctx context.Context, hash [sha256.Size]byte) error {
	return a.source.FetchHash(ctx, a.realm, hash)
}

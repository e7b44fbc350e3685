package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/fairlead/fairlead/authn"
)

// Errors of an Admin that its callers tell apart.
var (
	// ErrExists is what a back-end says to a user or secret that it has already.
	ErrExists = errors.New("exists already")
	// ErrNoSecret is what it says when no secret has that name or fingerprint.
	ErrNoSecret = errors.New("no such secret")
)

// Admin is a Backend that can be written to, which only the command line does.
type Admin interface {
	Backend
	// Prepare makes what the back-end needs to hold users, unless it is there.
	Prepare(ctx context.Context) error
	// AddUser keeps a user with its keys, or returns ErrExists.
	AddUser(ctx context.Context, realm, name string, key authn.Key) error
	// SetUser replaces the keys of a user, or returns ErrNotFound.
	SetUser(ctx context.Context, realm, name string, key authn.Key) error
	// RemoveUser forgets a user, or returns ErrNotFound.
	RemoveUser(ctx context.Context, realm, name string) error
	// Users lists the users of a realm by name; an empty realm stands for all.
	Users(ctx context.Context, realm string) ([]User, error)
	// AddSecret keeps a shared secret, or returns ErrExists.
	AddSecret(ctx context.Context, realm string, secret authn.Secret) error
	// RetireSecret forgets the secret with that name or fingerprint, or returns
	// ErrNoSecret.
	RetireSecret(ctx context.Context, realm, id string) error
}

// User is what can be told of a user without telling its keys.
type User struct {
	Realm, Name string
	HasSHA256   bool
}

// Fingerprint names a secret that has no name: the first 8 hexadecimal digits
// of its SHA-256.
func Fingerprint(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:4])
}

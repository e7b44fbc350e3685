package store

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/fairlead/fairlead/authn"
)

// ErrNotFound is what a Backend returns for a user that it does not know.
var ErrNotFound = errors.New("no such user")

// ErrRejected wraps an error that concerns a single user, such as a row that
// makes no sense: the back-end itself is well.
var ErrRejected = errors.New("the back-end has no usable answer")

// Backend is what can be asked about users. Its methods may wait until ctx ends
// and are safe for concurrent use. Their errors contain no key and no secret.
type Backend interface {
	// User returns the user of that name, or ErrNotFound.
	User(ctx context.Context, realm, name string) (authn.Record, error)
	// UserByHash returns the name behind a USERHASH and its user, or ErrNotFound.
	UserByHash(ctx context.Context, realm string, hash [sha256.Size]byte) (string, authn.Record, error)
	// Secrets returns the shared secrets of a realm; none is no error.
	Secrets(ctx context.Context, realm string) ([]authn.Secret, error)
	// Traits says what the back-end can do for all users of a realm.
	Traits(ctx context.Context, realm string) (Traits, error)
	// Ping asks something that any user would be asked with.
	Ping(ctx context.Context) error
	// Addresses are the "host:port" that the back-end is reached at, which no
	// relay may reach; none for a local one.
	Addresses() []string
	// Close gives up its connections.
	Close() error
}

// Traits say what all users of a realm in a back-end have.
type Traits struct {
	SHA256   bool // keys in the SHA-256 form
	UserHash bool // names that can be found by their hash, and no shared secrets
}

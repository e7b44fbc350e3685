package authn

import "context"

// Source knows users that live outside the configuration. It must be safe for
// concurrent use.
type Source interface {
	// Lookup answers from memory and never waits: Found with the key, Unknown,
	// or Pending when only Fetch can tell.
	Lookup(username string) (Key, Status)
	// Fetch asks the back-end and keeps the answer for Lookup. It returns soon
	// after ctx ends. An error means that Lookup would still say Pending.
	Fetch(ctx context.Context, username string) error
	// HasSHA256 reports whether every key has its SHA-256 form. New asks it
	// once: one user with the MD5 form alone keeps a realm from announcing
	// SHA-256.
	HasSHA256() bool
}

// Fetch asks the Source for the user of a request whose Verify said Pending. It
// waits for a back-end, so it runs in a Park and never on a worker.
func (a *Authenticator) Fetch(ctx context.Context, username string) error {
	return a.source.Fetch(ctx, wireName(username))
}

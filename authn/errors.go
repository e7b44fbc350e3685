package authn

import "errors"

// ErrNoCredentials reports a configuration under which nobody could relay.
var ErrNoCredentials = errors.New("no credentials: set auth.users, auth.secrets or auth.stores, or auth.anonymous: true to relay for everybody")

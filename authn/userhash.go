package authn

import (
	"crypto/sha256"

	"github.com/fairlead/fairlead/internal/wire"
)

// UserHash is the USERHASH of a prepared name in a prepared realm, RFC 8489
// section 14.4, for stores that keep it.
func UserHash(username, realm string) [sha256.Size]byte { return wire.UserHash(username, realm) }

// PrepareUsername applies OpaqueString (RFC 8265) and the bounds of USERNAME to
// a name that is to be stored. Its errors never contain the name.
func PrepareUsername(name string) (string, error) { return prepareUsername(name) }

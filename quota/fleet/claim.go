package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/fairlead/fairlead/quota"
)

// ErrClosed says that Run has ended.
var ErrClosed = errors.New("fleet counts are closed")

// Claim is one place in the count of one holder.
type Claim = quota.Claim

// keyPrefix has a hash tag, so that a Redis cluster keeps all keys in one slot.
const keyPrefix = "{fairlead}:quota:"

// holderKey names the count of a holder. The names in it are user data, so they
// are hashed; their lengths keep two holders from having the same text.
func holderKey(h quota.Holder) string {
	text := fmt.Sprintf("%d:%d:%s:%d:%s:%s", h.Kind, len(h.Realm), h.Realm, len(h.Tenant), h.Tenant, h.User)
	sum := sha256.Sum256([]byte(text))
	return keyPrefix + hex.EncodeToString(sum[:16])
}

func nodeKey(node string) string { return keyPrefix + "node:" + node }

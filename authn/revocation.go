package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Revocation takes credentials of a realm back before their time. Exactly one
// of User, Username and Secret is set.
type Revocation struct {
	Realm    string    `json:"realm"`
	Tenant   string    `json:"tenant,omitempty"`   // only its credentials; empty: whosesoever
	User     string    `json:"user,omitempty"`     // whatever the expiry of a REST username
	Username string    `json:"username,omitempty"` // one USERNAME, as it goes over the wire
	Secret   string    `json:"secret,omitempty"`   // name of a shared secret
	Until    time.Time `json:"until,omitzero"`     // zero: until it is lifted
}

// ID names the revocation, whatever its end: it is made of what is revoked.
func (r Revocation) ID() string {
	what := fmt.Appendf(nil, "%q %q %q %q", r.Realm, r.User, r.Username, r.Secret)
	if r.Tenant != "" {
		what = fmt.Appendf(what, " %q", r.Tenant)
	}
	sum := sha256.Sum256(what)
	return hex.EncodeToString(sum[:8])
}

// check says what is wrong with r.
func (r Revocation) check() error {
	set := 0
	for _, value := range []string{r.User, r.Username, r.Secret} {
		if value != "" {
			set++
		}
		if len(value) > MaxWireUsernameBytes {
			return fmt.Errorf("user, username and secret have %d bytes at most", MaxWireUsernameBytes)
		}
	}
	if len(r.Tenant) > MaxWireUsernameBytes {
		return fmt.Errorf("tenant has %d bytes at most", MaxWireUsernameBytes)
	}
	if set != 1 {
		return errors.New("give exactly one of user, username and secret")
	}
	return nil
}

// key is r without its end.
func (r Revocation) key() Revocation {
	r.Until = time.Time{}
	return r
}

// isOver reports whether r has ended by itself.
func (r Revocation) isOver(now time.Time) bool { return !r.Until.IsZero() && !now.Before(r.Until) }

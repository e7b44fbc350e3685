package store

import (
	"unicode"
	"unicode/utf8"

	"github.com/fairlead/fairlead/authn"
)

// maySayName reports whether a name from the wire can be anybody's in a
// back-end. OpaqueString (RFC 8265) has no control characters, and neither a
// database nor a log should meet one.
func maySayName(name string) bool {
	if name == "" || len(name) > authn.MaxWireUsernameBytes || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

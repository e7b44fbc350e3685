package authn

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

const (
	// MaxWireUsernameBytes bounds a USERNAME from the wire. RFC 8489 section
	// 14.3 allows fewer than 509 bytes but asks to accept the 763 of RFC 5389.
	MaxWireUsernameBytes = 763

	maxUsernameBytes = 508 // RFC 8489 section 14.3, for names that we configure
	maxRealmRunes    = 127 // RFC 8489 section 14.9
)

// opaqueString prepares s by the OpaqueString profile (RFC 8265 section 4.2):
// spaces become ASCII spaces, then Unicode normalization form C. The profile
// has no fallback: an empty string, control characters, invisible and
// unassigned code points are refused. The error never contains s.
func opaqueString(s string) (string, error) {
	if s == "" {
		return "", errors.New("is empty")
	}
	if !utf8.ValidString(s) {
		return "", errors.New("is not valid UTF-8")
	}
	prepared, err := precis.OpaqueString.String(s)
	if err != nil {
		return "", errors.New("contains a character that OpaqueString (RFC 8265) forbids, such as a control character")
	}
	return prepared, nil
}

// prepareUsername is opaqueString with the length bound of USERNAME.
func prepareUsername(name string) (string, error) {
	prepared, err := opaqueString(name)
	if err != nil {
		return "", err
	}
	if len(prepared) > maxUsernameBytes {
		return "", errors.New("is longer than 508 bytes (RFC 8489 section 14.3)")
	}
	return prepared, nil
}

// PrepareRealm returns the form of a realm's name that goes out and that counts:
// OpaqueString with the grammar of REALM. RFC 8489 section 14.9 sends an
// unquoted realm-value, in which a quote or a backslash would need escapes that
// clients do not agree on. Its error says what is wrong with the name.
func PrepareRealm(realm string) (string, error) {
	prepared, err := opaqueString(realm)
	if err != nil {
		return "", err
	}
	if utf8.RuneCountInString(prepared) > maxRealmRunes {
		return "", errors.New("is longer than 127 characters (RFC 8489 section 14.9)")
	}
	if strings.ContainsAny(prepared, `"\`) {
		return "", errors.New("contains a quote or a backslash (RFC 8489 section 14.9)")
	}
	return prepared, nil
}

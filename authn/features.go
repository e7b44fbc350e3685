package authn

import (
	"encoding/base64"

	"github.com/fairlead/fairlead/internal/wire"
)

// Features are the security features of RFC 8489 section 18.1 that a realm
// announces in its nonces. The zero value announces none: its nonces have no
// cookie, and every client takes the server for one of RFC 5389.
type Features struct {
	// Algorithm is the only entry of PASSWORD-ALGORITHMS; 0 leaves the
	// attribute out. A weaker one beside it would serve nobody: clients that
	// know the attribute know both, all others use MD5 without being told.
	Algorithm wire.PasswordAlgorithm
	// UserHash stands for username anonymity: clients send USERHASH in place of
	// USERNAME.
	UserHash bool
}

const (
	cookieText  = "obMatJos2" // RFC 8489 section 9.2
	cookieBytes = len(cookieText) + 4

	// Bit 0 of the feature set is the most significant bit of its first byte.
	bitPasswordAlgorithms = 0x80
	bitUsernameAnonymity  = 0x40
)

// features returns the strongest features that all users of c can live up to.
// A client takes what is announced, so a single user without it would be locked
// out.
func (c Config) features(realm string) Features {
	if !c.SecurityFeatures {
		return Features{}
	}
	f := Features{
		Algorithm: wire.PasswordAlgorithmMD5,
		UserHash:  len(c.Secrets) == 0 && len(c.OAuth.Keys) == 0 && (c.Source == nil || c.Source.HasUserHash(realm)), // only names that can be listed
	}
	if c.hasSHA256(realm) {
		f.Algorithm = wire.PasswordAlgorithmSHA256
	}
	return f
}

// hasSHA256 reports whether the SHA-256 key of every user is known. REST
// credentials have both: their passwords are made here.
func (c Config) hasSHA256(realm string) bool {
	for _, u := range c.Users {
		if u.Password == "" && u.Key.SHA256 == (Key{}.SHA256) {
			return false
		}
	}
	return c.Source == nil || c.Source.HasSHA256(realm)
}

// appendCookie appends the nonce cookie: 13 characters, or nothing when nothing
// is announced.
func (f Features) appendCookie(dst []byte) []byte {
	if f == (Features{}) {
		return dst
	}
	set := f.set()
	return base64.StdEncoding.AppendEncode(append(dst, cookieText...), set[:])
}

// set returns the 24 bits of the feature set.
func (f Features) set() (set [3]byte) {
	if f.Algorithm != 0 {
		set[0] |= bitPasswordAlgorithms
	}
	if f.UserHash {
		set[0] |= bitUsernameAnonymity
	}
	return set
}

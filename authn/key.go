package authn

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/fairlead/fairlead/internal/wire"
)

// Key holds the long-term keys of one user in one realm, one per password
// algorithm of RFC 8489 section 18.5.1. Both hash "username:realm:password". A
// form that is not known is zero in a Config or from a Source; the keys that
// Verify yields have random bytes there, which open nothing.
type Key struct {
	MD5    [16]byte // what every RFC 5389 client uses
	SHA256 [32]byte

	session *session // of an access token, instead of both (RFC 7635)
}

// LongTermKey derives the keys of a user after preparing all three parts with
// OpaqueString (RFC 8489 section 9.2.2). It fails when a part cannot be
// prepared or is too long for its attribute.
func LongTermKey(username, realm, password string) (Key, error) {
	username, err := prepareUsername(username)
	if err != nil {
		return Key{}, fmt.Errorf("username %w", err)
	}
	if realm, err = PrepareRealm(realm); err != nil {
		return Key{}, fmt.Errorf("realm %w", err)
	}
	if password, err = opaqueString(password); err != nil {
		return Key{}, fmt.Errorf("password %w", err)
	}
	return hashKey([]byte(username + ":" + realm + ":" + password)), nil
}

// WireKey is LongTermKey for a name that came in a USERNAME, which may be longer
// than one that is configured and is taken as it is.
func WireKey(username, realm, password string) (Key, error) {
	if len(username) > MaxWireUsernameBytes {
		return Key{}, fmt.Errorf("username is longer than %d bytes", MaxWireUsernameBytes)
	}
	realm, err := PrepareRealm(realm)
	if err != nil {
		return Key{}, fmt.Errorf("realm %w", err)
	}
	if password, err = opaqueString(password); err != nil {
		return Key{}, fmt.Errorf("password %w", err)
	}
	return hashKey([]byte(username + ":" + realm + ":" + password)), nil
}

// ParseKey reads a ready MD5 key: 32 hexadecimal digits, with or without 0x in
// front (the form of turnadmin -k). The error never contains the text.
func ParseKey(text string) (Key, error) {
	digits := strings.TrimPrefix(text, "0x")
	var k Key
	if len(digits) != hex.EncodedLen(len(k.MD5)) {
		return Key{}, errors.New("key is not 32 hexadecimal digits")
	}
	if _, err := hex.Decode(k.MD5[:], []byte(digits)); err != nil {
		return Key{}, errors.New("key is not 32 hexadecimal digits")
	}
	if k.MD5 == (Key{}.MD5) {
		return Key{}, errors.New("key is all zero")
	}
	return k, nil
}

// ParseKeySHA256 reads a ready SHA-256 key: 64 hexadecimal digits. The error
// never contains the text.
func ParseKeySHA256(text string) (key [32]byte, err error) {
	if len(text) != hex.EncodedLen(len(key)) {
		return key, errors.New("key is not 64 hexadecimal digits")
	}
	if _, err := hex.Decode(key[:], []byte(text)); err != nil {
		return [32]byte{}, errors.New("key is not 64 hexadecimal digits")
	}
	if key == [32]byte{} {
		return key, errors.New("key is all zero")
	}
	return key, nil
}

// Bytes returns the form that a password algorithm makes. That of an access token
// is one and the same for all.
func (k *Key) Bytes(algorithm wire.PasswordAlgorithm) []byte {
	if k.session != nil {
		return k.session.key
	}
	if algorithm == wire.PasswordAlgorithmSHA256 {
		return k.SHA256[:]
	}
	return k.MD5[:]
}

// hashKey hashes the joined text "username:realm:password".
func hashKey(text []byte) Key {
	return Key{MD5: md5.Sum(text), SHA256: sha256.Sum256(text)}
}

// randomKey is a key that nobody knows.
func randomKey() Key {
	var k Key
	rand.Read(k.MD5[:]) // never fails, crypto/rand ends the process instead
	rand.Read(k.SHA256[:])
	return k
}

// sealed fills a form that is not known with random bytes: a key of zeros would
// be a password that everybody knows.
func (k Key) sealed() Key {
	random := randomKey()
	if k.MD5 == (Key{}.MD5) {
		k.MD5 = random.MD5
	}
	if k.SHA256 == (Key{}.SHA256) {
		k.SHA256 = random.SHA256
	}
	return k
}

// equal compares in constant time. One form is enough: the other may be
// unknown, hence random.
func (k Key) equal(other Key) bool {
	return subtle.ConstantTimeCompare(k.MD5[:], other.MD5[:])|
		subtle.ConstantTimeCompare(k.SHA256[:], other.SHA256[:]) == 1
}

package wire

import "crypto/sha256"

// Username returns USERNAME, at most 763 bytes (RFC 8489 section 14.3). Whether
// it is valid UTF-8 is not judged here.
func (m *Message) Username() (username []byte, present bool, err error) {
	return m.text(AttrUsername, maxText)
}

// Realm returns REALM, at most 763 bytes (RFC 8489 section 14.9).
func (m *Message) Realm() (realm []byte, present bool, err error) {
	return m.text(AttrRealm, maxText)
}

// Nonce returns NONCE, at most 763 bytes (RFC 8489 section 14.10).
func (m *Message) Nonce() (nonce []byte, present bool, err error) {
	return m.text(AttrNonce, maxText)
}

// UserHash returns USERHASH (RFC 8489 section 14.4).
func (m *Message) UserHash() (hash [sha256.Size]byte, present bool, err error) {
	v, present, err := m.fixed(AttrUserHash, len(hash))
	if v == nil {
		return hash, present, err
	}
	return [sha256.Size]byte(v), true, nil
}

// UserHash returns the value of USERHASH for a username and a realm, both
// already prepared with OpaqueString (RFC 8489 section 14.4).
func UserHash(username, realm string) [sha256.Size]byte {
	return sha256.Sum256([]byte(username + ":" + realm))
}

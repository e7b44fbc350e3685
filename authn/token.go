package authn

import (
	"encoding/binary"
	"time"
)

// Lengths of an access token, RFC 7635 section 6.2:
//
//	nonce_length(2) nonce(12) | encrypted: key_length(2) mac_key timestamp(8) lifetime(4) | tag(16)
//
// All are checked before anything is read by them.
const (
	tokenNonceBytes  = 12 // of AES-GCM, RFC 5116 section 5.1
	tokenPrefixBytes = 2 + tokenNonceBytes
	tokenRestBytes   = 8 + 4
	tokenTagBytes    = 16

	// A key of fewer bits could be guessed; more than a block of the hash are not
	// used by HMAC (RFC 2104 section 2). Those of SHA-1 have 20.
	minMACKeyBytes = 16
	maxMACKeyBytes = 64

	minTokenBytes = tokenPrefixBytes + 2 + minMACKeyBytes + tokenRestBytes + tokenTagBytes
	maxTokenBytes = tokenPrefixBytes + 2 + maxMACKeyBytes + tokenRestBytes + tokenTagBytes
)

// coturnMACKeyBytes is what coturn's client uses of a mac_key that is to make a
// MESSAGE-INTEGRITY: the length of a long-term key, where RFC 7635 section 5 has
// all of it.
const coturnMACKeyBytes = 16

// accessToken is what the encrypted part of a token says.
type accessToken struct {
	macKey   []byte
	issued   time.Time
	lifetime time.Duration
}

// open decrypts a token. Not ok: it is none, or not by this key for this server.
func (t *tokens) open(o tokenOpener, token []byte) (a accessToken, ok bool) {
	if len(token) < minTokenBytes || len(token) > maxTokenBytes || binary.BigEndian.Uint16(token) != tokenNonceBytes {
		return a, false
	}
	nonce, sealed := token[2:tokenPrefixBytes], token[tokenPrefixBytes:]
	plain, err := o.aead.Open(nil, nonce, sealed, []byte(t.serverName))
	if err != nil {
		return a, false
	}
	n := int(binary.BigEndian.Uint16(plain))
	if plain = plain[2:]; n < minMACKeyBytes || len(plain) != n+tokenRestBytes {
		return a, false
	}
	return accessToken{
		macKey:   plain[:n],
		issued:   tokenTime(binary.BigEndian.Uint64(plain[n:])),
		lifetime: time.Duration(binary.BigEndian.Uint32(plain[n+8:])) * time.Second,
	}, true
}

// tokenTime reads a timestamp: Unix seconds in 48 bits, and 1/64,000 of one in 16.
func tokenTime(stamp uint64) time.Time {
	const fraction = time.Second / 64_000
	return time.Unix(int64(stamp>>16), int64(stamp&0xFFFF)*int64(fraction))
}

// remaining is how long a token goes on being good, RFC 7635 sections 7 and 9; it
// may be negative. A token from the future is good the nearer it is.
func (a accessToken) remaining(delta time.Duration) time.Duration {
	return a.lifetime + delta - time.Since(a.issued).Abs()
}

// VerifyToken is Verify for a request with an ACCESS-TOKEN, whose USERNAME names
// the key that opens it. A token that leaves less than a second, which no lifetime
// could be granted of, is Expired.
func (a *Authenticator) VerifyToken(kid string, token []byte, check func(key Key) bool) (Credential, Status) {
	opener, ok := a.tokens.openers[wireName(kid)]
	if !ok {
		return Credential{}, Unknown
	}
	read, ok := a.tokens.open(opener, token)
	if !ok {
		return Credential{}, Unknown
	}
	c := Credential{SecretName: wireName(kid), Tenant: opener.tenant, IsToken: true, KeyPrint: opener.mark}
	if c.Key = sessionKey(read.macKey); !check(c.Key) {
		if c.Key = sessionKey(read.macKey[:coturnMACKeyBytes]); !check(c.Key) {
			return Credential{}, Unknown
		}
	}
	remaining := read.remaining(a.tokens.delta)
	c.ExpiresAt = time.Now().Add(remaining)
	if remaining < time.Second {
		return c, Expired
	}
	return c, Found
}

// session has the mac_key of a token, as far as its client uses it.
type session struct{ key []byte }

// sessionKey is the key of a token's session, which is used as it is.
func sessionKey(macKey []byte) Key { return Key{session: &session{macKey}} }

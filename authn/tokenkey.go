package authn

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// OAuth says who may relay by an access token of an authorization server, which
// shares long-term keys with this one (RFC 7635). The zero value is nobody.
type OAuth struct {
	ServerName string // of this server, as the authorization server knows it
	Keys       []TokenKey
}

// TokenKey is a long-term key (K in RFC 7635 section 4.1), from which tokens come
// encrypted by AES-GCM: A128GCM with 16 bytes, A256GCM with 32.
type TokenKey struct {
	ID     string // kid, which requests have in USERNAME
	Key    []byte
	Tenant string // whose tokens it makes, within the realm; may be empty
}

const (
	// MaxServerNameBytes bounds what a 401 has to carry beside all the rest.
	MaxServerNameBytes = 255
	// MaxTokenKeyIDBytes is that of other servers.
	MaxTokenKeyIDBytes = 128
)

// check returns every problem of o.
func (o OAuth) check() error {
	var problems []error
	if o.ServerName == "" && len(o.Keys) > 0 {
		problems = append(problems, errors.New("oauth: server_name is empty: tokens are made for a name"))
	}
	if o.ServerName != "" && len(o.Keys) == 0 {
		problems = append(problems, errors.New("oauth: keys is empty: no token could be read"))
	}
	if len(o.ServerName) > MaxServerNameBytes {
		problems = append(problems, fmt.Errorf("oauth: server_name has %d bytes, at most %d fit", len(o.ServerName), MaxServerNameBytes))
	}
	for i, key := range o.Keys {
		switch len(key.Key) {
		case 16, 32:
		default:
			problems = append(problems, fmt.Errorf("oauth: keys[%d]: the secret has %d bytes, want 16 for A128GCM or 32 for A256GCM", i, len(key.Key)))
		}
		if key.ID == "" || len(key.ID) > MaxTokenKeyIDBytes {
			problems = append(problems, fmt.Errorf("oauth: keys[%d]: kid has %d bytes, want 1 to %d", i, len(key.ID), MaxTokenKeyIDBytes))
		}
		for j, earlier := range o.Keys[:i] {
			if key.ID == earlier.ID {
				problems = append(problems, fmt.Errorf("oauth: keys[%d]: kid %q repeats keys[%d]", i, key.ID, j))
			}
		}
	}
	return errors.Join(problems...)
}

// tokens reads access tokens. It is immutable; nil: none are taken.
type tokens struct {
	serverName string
	openers    map[string]tokenOpener // by kid
	delta      time.Duration
}

// tokenOpener is a TokenKey, ready for use.
type tokenOpener struct {
	aead   cipher.AEAD
	tenant string
	mark   KeyPrint
}

// KeyPrint tells token keys apart that have the same kid: by their secrets and
// their tenants.
type KeyPrint [16]byte

func printOf(key TokenKey) KeyPrint {
	text := append([]byte{byte(len(key.Key))}, key.Key...)
	sum := sha256.Sum256(append(text, key.Tenant...))
	return KeyPrint(sum[:])
}

// tokenDelta is what clocks may differ by, and a token lives longer (RFC 7635
// section 7), beside Config.ClockSkew.
const tokenDelta = 5 * time.Second

// newTokens prepares what check has found right.
func newTokens(o OAuth, skew time.Duration) *tokens {
	if o.ServerName == "" {
		return nil
	}
	t := &tokens{serverName: o.ServerName, openers: make(map[string]tokenOpener, len(o.Keys)), delta: tokenDelta + skew}
	for _, key := range o.Keys {
		block, err := aes.NewCipher(key.Key)
		if err != nil {
			continue // of the length, which check has looked at
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			continue // likewise
		}
		t.openers[key.ID] = tokenOpener{aead, key.Tenant, printOf(key)}
	}
	return t
}

// TokenServer is the name that THIRD-PARTY-AUTHORIZATION has; empty: the realm
// takes no tokens.
func (a *Authenticator) TokenServer() string {
	if a.tokens == nil {
		return ""
	}
	return a.tokens.serverName
}

// HasTokenKey reports whether tokens by this key are taken, with the secret and the
// tenant that it had then.
func (a *Authenticator) HasTokenKey(id string, mark KeyPrint) bool {
	if a.tokens == nil {
		return false
	}
	opener, ok := a.tokens.openers[id]
	return ok && opener.mark == mark
}

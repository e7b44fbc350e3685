package server_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/stun/v3"
)

// The attributes of RFC 8489 that pion/stun does not know.
const (
	attrIntegritySHA256    stun.AttrType = 0x001C
	attrPasswordAlgorithm  stun.AttrType = 0x001D
	attrUserHash           stun.AttrType = 0x001E
	attrPasswordAlgorithms stun.AttrType = 0x8002
	attrAlternateDomain    stun.AttrType = 0x8003
)

// Password algorithms without parameters, RFC 8489 section 18.5.
var (
	algorithmMD5    = []byte{0, 1, 0, 0}
	algorithmSHA256 = []byte{0, 2, 0, 0}
)

func keyMD5(username, realm, password string) []byte {
	key := md5.Sum([]byte(username + ":" + realm + ":" + password))
	return key[:]
}

func keySHA256(username, realm, password string) []byte {
	key := sha256.Sum256([]byte(username + ":" + realm + ":" + password))
	return key[:]
}

func userHash(username, realm string) stun.Setter {
	hash := sha256.Sum256([]byte(username + ":" + realm))
	return raw(attrUserHash, hash[:]...)
}

func algorithm(value []byte) stun.Setter  { return raw(attrPasswordAlgorithm, value...) }
func algorithms(value []byte) stun.Setter { return raw(attrPasswordAlgorithms, value...) }

// hmacSHA256 is the HMAC of the part of a message in front of its
// MESSAGE-INTEGRITY-SHA256, RFC 8489 section 14.6.
func hmacSHA256(key, text []byte) []byte {
	text = bytes.Clone(text)
	binary.BigEndian.PutUint16(text[2:], uint16(len(text)-20+4+sha256.Size))
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil)
}

// integritySHA256 adds a MESSAGE-INTEGRITY-SHA256 made with a key.
type integritySHA256 []byte

func (key integritySHA256) AddTo(m *stun.Message) error {
	m.Add(attrIntegritySHA256, hmacSHA256(key, m.Raw))
	return nil
}

// isSignedSHA256 reports whether a message has a MESSAGE-INTEGRITY-SHA256 made
// with the key.
func isSignedSHA256(m *stun.Message, key []byte) bool {
	for at := 20; at+4 <= len(m.Raw); {
		size := int(binary.BigEndian.Uint16(m.Raw[at+2:]))
		if stun.AttrType(binary.BigEndian.Uint16(m.Raw[at:])) == attrIntegritySHA256 {
			return hmac.Equal(m.Raw[at+4:at+4+size], hmacSHA256(key, m.Raw[:at]))
		}
		at += 4 + (size+3)&^3
	}
	return false
}

// modern is a client that follows RFC 8489 section 9.2 to the letter.
type modern struct {
	*client
	list     []byte // PASSWORD-ALGORITHMS of the challenge
	userHash bool   // USERHASH takes the place of USERNAME
}

func dialModern(t *testing.T, server netip.AddrPort, username, password string) *modern {
	t.Helper()
	c := &modern{client: dial(t, server, username, password)}
	answer := c.roundTrip(message(stun.MethodAllocate, requestedTransport(17)))
	c.wantCode(answer, 401)
	c.accept(answer)
	return c
}

// accept takes realm, nonce and features from a 401 or 438.
func (c *modern) accept(answer *stun.Message) {
	c.t.Helper()
	c.realm, c.nonce = text(answer, stun.AttrRealm), text(answer, stun.AttrNonce)
	c.list = []byte(text(answer, attrPasswordAlgorithms))
	cookie, ok := strings.CutPrefix(c.nonce, "obMatJos2")
	if !ok {
		c.t.Fatalf("got nonce %q, want one with the cookie of RFC 8489", c.nonce)
	}
	set, err := base64.StdEncoding.DecodeString(cookie[:4])
	if err != nil {
		c.t.Fatal(err)
	}
	if hasList, hasBit := len(c.list) > 0, set[0]&0x80 != 0; hasList != hasBit {
		c.t.Fatalf("got PASSWORD-ALGORITHMS: %t, its bit: %t, want the same", hasList, hasBit)
	}
	c.userHash = set[0]&0x40 != 0
}

// key is made by the first algorithm of the list.
func (c *modern) key() []byte {
	if bytes.HasPrefix(c.list, algorithmMD5) {
		return keyMD5(c.username, c.realm, c.password)
	}
	return keySHA256(c.username, c.realm, c.password)
}

func (c *modern) signed(method stun.Method, attrs ...stun.Setter) *stun.Message {
	name := stun.Setter(stun.NewUsername(c.username))
	if c.userHash {
		name = userHash(c.username, c.realm)
	}
	return message(method, append(attrs, name, stun.NewRealm(c.realm), stun.NewNonce(c.nonce),
		algorithms(c.list), algorithm(c.list[:4]), integritySHA256(c.key()))...)
}

// do sends a signed request and returns its answer, whose integrity it checks.
func (c *modern) do(method stun.Method, attrs ...stun.Setter) *stun.Message {
	c.t.Helper()
	answer := c.roundTrip(c.signed(method, attrs...))
	code := errorCode(answer)
	if challenged := code == 401 || code == 438; isSignedSHA256(answer, c.key()) == challenged {
		c.t.Errorf("%s answer %d: got protected %t, want %t", method, code, challenged, !challenged)
	}
	if answer.Contains(stun.AttrMessageIntegrity) {
		c.t.Errorf("%s answer %d: got MESSAGE-INTEGRITY, want MESSAGE-INTEGRITY-SHA256 alone", method, code)
	}
	return answer
}

package dtls

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// CookieSize is the length of a cookie: when it was made, and a MAC.
const CookieSize = 4 + macSize

// macSize is how much of the HMAC goes into a cookie.
const macSize = 16

// cookieLifetime is how long a cookie is good, in seconds: as long as it takes a
// client to answer over a bad network.
const cookieLifetime = 30

// Cookies is the key that a server's cookies are made with. It lives as long as
// the process.
type Cookies struct{ key [sha256.Size]byte }

// NewCookies makes a key.
func NewCookies() *Cookies {
	c := new(Cookies)
	_, _ = rand.Read(c.key[:]) // never fails: crypto/rand ends the process instead
	return c
}

// Jar makes and checks cookies for one worker. All jars of a Cookies know each
// other's.
type Jar struct {
	mac  hash.Hash
	sum  [sha256.Size]byte
	text [4 + PathSize + randomSize]byte
}

// PathSize is the length of what tells paths between clients and this server
// apart.
const PathSize = 2 * (16 + 2)

// Path names the path that a ClientHello came by: addresses and ports of both
// ends.
type Path [PathSize]byte

// Jar returns a jar.
func (c *Cookies) Jar() *Jar { return &Jar{mac: hmac.New(sha256.New, c.key[:])} }

// Put writes the cookie for a ClientHello at a time, which is in seconds of a clock
// that all workers share.
func (j *Jar) Put(cookie *[CookieSize]byte, path *Path, h *Hello, now uint32) {
	binary.BigEndian.PutUint32(cookie[:], now)
	copy(cookie[4:], j.code(path, h, now))
}

// Check says whether a ClientHello brings a cookie that was made for it and its
// path, not long ago.
func (j *Jar) Check(path *Path, h *Hello, now uint32) bool {
	if len(h.Cookie) != CookieSize {
		return false
	}
	made := binary.BigEndian.Uint32(h.Cookie)
	return now-made <= cookieLifetime && hmac.Equal(h.Cookie[4:], j.code(path, h, made))
}

// code is the MAC of a cookie. It is good until the next call.
func (j *Jar) code(path *Path, h *Hello, made uint32) []byte {
	binary.BigEndian.PutUint32(j.text[:], made)
	copy(j.text[4:], path[:])
	copy(j.text[4+PathSize:], h.Random[:])
	j.mac.Reset()
	j.mac.Write(j.text[:])
	return j.mac.Sum(j.sum[:0])[:macSize]
}

package authn

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"net/netip"
	"sync"
	"time"
)

// DefaultNonceLifetime is coturn's; RFC 8656 section 7.2 asks for an hour at
// most.
const DefaultNonceLifetime = 600 * time.Second

const (
	nonceStampBytes = 4  // Unix seconds, until the year 2106
	nonceMACBytes   = 10 // 80 bits against guesses that each cost a packet
	nonceBytes      = nonceStampBytes + nonceMACBytes

	// nonceLength is short because every 401 carries a nonce. With the cookie of
	// RFC 8489 in front it is 32, which needs no padding.
	nonceLength = (nonceBytes*8 + 5) / 6

	// nonceLead is how far ahead the clock of another node of the fleet may be.
	nonceLead = 5 * time.Second
)

// NonceStatus is the outcome of Nonces.Check.
type NonceStatus uint8

const (
	// NonceForeign is a nonce that was not made for this client and realm with
	// this key, or is none at all.
	NonceForeign NonceStatus = iota
	// NonceStale is a nonce of ours that is too old, or from the future.
	NonceStale
	// NonceValid is a nonce of ours.
	NonceValid
)

// nonceEncoding is strict: without it, the spare bits of the last character
// would give each nonce four spellings.
var nonceEncoding = base64.RawURLEncoding.Strict()

// Nonces makes and checks stateless nonces: the cookie of the announced
// features, then base64url over the time of issue and a truncated HMAC-SHA256
// of that time, the client's transport address, the features and the realm.
// Safe for concurrent use.
type Nonces struct {
	lifetime time.Duration
	work     sync.Pool // of *nonceWork
}

// nonceWork is the scratch of one computation.
type nonceWork struct {
	mac  hash.Hash
	text []byte // what the MAC covers
	sum  []byte
	raw  [nonceBytes]byte
}

// NewNonces returns nonces that are valid for lifetime (0:
// DefaultNonceLifetime). Nodes of a fleet that share a key accept each other's;
// nil means a random key. The key is copied.
func NewNonces(key []byte, lifetime time.Duration) *Nonces {
	if key == nil {
		key = make([]byte, sha256.Size)
		rand.Read(key)
	}
	key = bytes.Clone(key)
	if lifetime == 0 {
		lifetime = DefaultNonceLifetime
	}
	return &Nonces{lifetime: lifetime, work: sync.Pool{New: func() any {
		return &nonceWork{mac: hmac.New(sha256.New, key)}
	}}}
}

// Mint appends a nonce for the client to dst: 19 characters of A-Z, a-z, 0-9,
// '-' and '_', or 32 when features are announced. It allocates only when dst
// must grow.
func (n *Nonces) Mint(dst []byte, client netip.AddrPort, realm string, announced Features) []byte {
	w := n.work.Get().(*nonceWork)
	stamp := uint32(time.Now().Unix())
	binary.BigEndian.PutUint32(w.raw[:], stamp)
	copy(w.raw[nonceStampBytes:], w.authenticate(stamp, client, realm, announced))
	dst = nonceEncoding.AppendEncode(announced.appendCookie(dst), w.raw[:])
	n.work.Put(w)
	return dst
}

// Check tells whether a nonce from the wire was made for this client, realm and
// features, and still holds. So a nonce whose cookie was changed on the way to
// the client is foreign (RFC 8489 section 9.2.1), and so is one from before a
// reload that changed the features. It does not allocate.
func (n *Nonces) Check(nonce []byte, client netip.AddrPort, realm string, announced Features) NonceStatus {
	var cookie [cookieBytes]byte
	nonce, ok := bytes.CutPrefix(nonce, announced.appendCookie(cookie[:0]))
	if !ok || len(nonce) != nonceLength {
		return NonceForeign
	}
	w := n.work.Get().(*nonceWork)
	defer n.work.Put(w)
	// The decoder skips line breaks, so a full length is no proof of full bytes.
	if got, err := nonceEncoding.Decode(w.raw[:], nonce); err != nil || got != nonceBytes {
		return NonceForeign
	}
	stamp := binary.BigEndian.Uint32(w.raw[:])
	if !hmac.Equal(w.authenticate(stamp, client, realm, announced), w.raw[nonceStampBytes:]) {
		return NonceForeign
	}
	age := time.Since(time.Unix(int64(stamp), 0))
	if age < -nonceLead || age > n.lifetime {
		return NonceStale
	}
	return NonceValid
}

// authenticate returns the truncated MAC; it is valid until the next call. The
// realm is last because it alone has no fixed length.
func (w *nonceWork) authenticate(stamp uint32, client netip.AddrPort, realm string, announced Features) []byte {
	addr, set := client.Addr().As16(), announced.set()
	w.text = binary.BigEndian.AppendUint32(w.text[:0], stamp)
	w.text = append(w.text, addr[:]...)
	w.text = binary.BigEndian.AppendUint16(w.text, client.Port())
	w.text = append(w.text, set[:]...)
	w.text = binary.BigEndian.AppendUint16(w.text, uint16(announced.Algorithm))
	w.text = append(w.text, realm...)
	w.mac.Reset()
	w.mac.Write(w.text)
	w.sum = w.mac.Sum(w.sum[:0])
	return w.sum[:nonceMACBytes]
}

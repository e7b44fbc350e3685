package authn

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxExpiry is the end of the year 9999 in Unix seconds. Later expiries count
// as this one, so no username makes a time that overflows or cannot be shown
// (RFC 3339 has four digits for the year).
const maxExpiry = 253402300799

// IssueREST makes the credential of a client: its USERNAME, "expiry:id" or the
// plain expiry when id is empty, and the password that belongs to it under the
// shared secret.
func IssueREST(secret, id string, expires time.Time) (username, password string) {
	username = strconv.FormatInt(expires.Unix(), 10)
	if id != "" {
		username += ":" + id
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return username, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// parseREST splits a REST username at its first colon: "expiry:id", or
// "id:expiry" when the first part is not all digits, or a plain expiry. An
// empty id counts as absent, and an absent id is the expiry as it was written,
// so that every credential has an identity.
func parseREST(username string) (expiry int64, id string, ok bool) {
	first, rest, _ := strings.Cut(username, ":")
	digits, id := first, rest
	expiry, ok = parseExpiry(first)
	if !ok {
		digits, id = rest, first
		expiry, ok = parseExpiry(rest)
	}
	if id == "" {
		id = digits
	}
	return expiry, id, ok
}

// parseExpiry reads Unix seconds in decimal digits, saturating at maxExpiry.
func parseExpiry(digits string) (seconds int64, ok bool) {
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		seconds = min(seconds*10+int64(c-'0'), maxExpiry)
	}
	return seconds, digits != ""
}

// signer derives the keys of REST credentials from one shared secret. Safe for
// concurrent use.
type signer struct {
	name   string
	tenant string
	work   sync.Pool // of *signerWork
}

// signerWork is the scratch of one derivation: the keyed HMAC-SHA1, its sum,
// and the text "username:realm:password".
type signerWork struct {
	mac  hash.Hash
	sum  []byte
	text []byte
}

func newSigner(s Secret) *signer {
	return &signer{name: s.Name, tenant: s.Tenant, work: sync.Pool{New: func() any {
		return &signerWork{mac: hmac.New(sha1.New, []byte(s.Value))}
	}}}
}

// key derives the long-term keys that belong to a REST username. The password
// is base64 with padding over the HMAC of the whole name, whatever its bytes.
func (s *signer) key(username, realm string) Key {
	w := s.work.Get().(*signerWork)
	w.text = append(w.text[:0], username...)
	w.mac.Reset()
	w.mac.Write(w.text)
	w.sum = w.mac.Sum(w.sum[:0])
	w.text = append(w.text, ':')
	w.text = append(w.text, realm...)
	w.text = append(w.text, ':')
	w.text = base64.StdEncoding.AppendEncode(w.text, w.sum)
	key := hashKey(w.text)
	s.work.Put(w)
	return key
}

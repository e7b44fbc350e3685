package dtls

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

const (
	tagSize = 16

	// protectedEpoch is that of the records after the only handshake of an
	// association: there is no renegotiation.
	protectedEpoch = 1

	// maxClientCID is the longest ID that a client can ask for (RFC 9146 section 3).
	maxClientCID = 255

	// MaxOverhead is the most that sealing adds to a datagram, in bytes.
	MaxOverhead = headerSize + maxClientCID + explicitNonce + 1 + tagSize
)

// MaxPlaintext is the most that a record can carry (RFC 6347 section 4.1).
const MaxPlaintext = 1 << 14

// Cipher opens and seals the records of one client after its handshake. It holds
// what it needs for that, so nothing is allocated.
type Cipher struct {
	opener, sealer       cipher.AEAD
	openNonce, sealNonce [implicitNonce + explicitNonce]byte
	text                 [additionalSize]byte // additional data; scratch
	next                 uint64               // number of the next record to the client
	come                 replay
	cid                  CID
	hasCID               bool
	clientCID            []byte
}

// additionalSize is the longest additional data (RFC 9146 section 5.3).
const additionalSize = 8 + 3 + 2 + 8 + maxClientCID + 2

// NewCipher makes the cipher of an association whose handshake has ended.
func NewCipher(k *Keys) (*Cipher, error) {
	if len(k.ClientCID) > maxClientCID {
		return nil, fmt.Errorf("use a connection ID of %d bytes: it can have %d", len(k.ClientCID), maxClientCID)
	}
	fromClient, toClient, fromNonce, toNonce, err := k.aeads()
	if err != nil {
		return nil, err
	}
	c := &Cipher{opener: fromClient, sealer: toClient, cid: k.CID, hasCID: k.HasCID, clientCID: k.ClientCID}
	copy(c.openNonce[:], fromNonce)
	copy(c.sealNonce[:], toNonce)
	return c, nil
}

// NewClientCipher makes the cipher of the client's side of an association without
// connection IDs, for clients in measurements.
func NewClientCipher(k *Keys) (*Cipher, error) {
	c, err := NewCipher(k)
	if err != nil {
		return nil, err
	}
	c.opener, c.sealer = c.sealer, c.opener
	c.openNonce, c.sealNonce = c.sealNonce, c.openNonce
	return c, nil
}

// Start gives the number of the next record to the client. No record with this
// number or a higher one may have been sealed with the same keys elsewhere. It never
// goes back.
func (c *Cipher) Start(next uint64) { c.next = max(c.next, next) }

// Open decrypts a record of the client in place: its plaintext is
// record[at : at+n], kind is what it is. False: the record is forged, was seen
// before, or is not one of this association, and its bytes are lost. isHighest
// says whether no record with a higher number has come.
func (c *Cipher) Open(record []byte, r *Record) (at, n int, kind uint8, isHighest, ok bool) {
	at = r.Header + explicitNonce
	n = r.Size - at - tagSize
	if r.Epoch != protectedEpoch || n < 0 || c.hasCID != (r.Type == TypeCID) || r.CID != c.cid && c.hasCID || !c.come.isNew(r.Sequence) {
		return 0, 0, 0, false, false
	}
	copy(c.openNonce[implicitNonce:], record[r.Header:])
	sealed := record[at:r.Size]
	if _, err := c.opener.Open(sealed[:0], c.openNonce[:], sealed, c.additional(record, r.Header, n)); err != nil {
		return 0, 0, 0, false, false
	}
	kind = r.Type
	if c.hasCID {
		// The real type follows the content, padding of zeros follows both.
		for n > 0 && record[at+n-1] == 0 {
			n--
		}
		if n == 0 {
			return 0, 0, 0, false, false
		}
		n--
		kind = record[at+n]
	}
	return at, n, kind, c.come.mark(r.Sequence), true
}

// additional is the data that a record is authenticated with, whose header is
// record[:header] and whose plaintext has n bytes. It is good until the next call.
func (c *Cipher) additional(record []byte, header, n int) []byte {
	t := c.text[:0]
	if record[0] == TypeCID { // RFC 9146 section 5.3
		cid := record[headerSize-2 : header-2]
		t = append(t, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, TypeCID, byte(len(cid)))
		t = append(t, record[:headerSize-2]...)
		t = append(t, cid...)
	} else { // RFC 5246 section 6.2.3.3 with RFC 6347 section 4.1.2.1
		t = append(t, record[3:11]...)
		t = append(t, record[:3]...)
	}
	return binary.BigEndian.AppendUint16(t, uint16(n))
}

// Prefix is how many bytes of a record to the client are in front of its
// plaintext.
func (c *Cipher) Prefix() int { return headerSize + len(c.clientCID) + explicitNonce }

// Overhead is how many bytes longer a record to the client is than its plaintext.
func (c *Cipher) Overhead() int {
	if len(c.clientCID) > 0 {
		return c.Prefix() + 1 + tagSize
	}
	return c.Prefix() + tagSize
}

// Seal makes a record to the client of the n bytes that lie in b behind room for
// the Prefix, and returns it. The capacity of b must be n and the Overhead, at
// least. Nil: the association has used up its numbers.
func (c *Cipher) Seal(b []byte, kind uint8, n int) []byte {
	if c.next > maxSequence {
		return nil
	}
	header, at := headerSize+len(c.clientCID), c.Prefix()
	if len(c.clientCID) > 0 {
		b = b[:at+n+1]
		b[at+n] = kind
		kind, n = TypeCID, n+1
	}
	size := explicitNonce + n + tagSize
	putHeader(b, kind, version12, protectedEpoch, c.next, size)
	copy(b[headerSize-2:], c.clientCID)
	binary.BigEndian.PutUint16(b[header-2:], uint16(size))
	// The number makes the nonce unique (RFC 9325 section 7.2.1).
	binary.BigEndian.PutUint64(c.sealNonce[implicitNonce:], protectedEpoch<<48|c.next)
	copy(b[header:], c.sealNonce[implicitNonce:])
	c.next++
	c.sealer.Seal(b[at:at], c.sealNonce[:], b[at:at+n], c.additional(b, header, n))
	return b[:header+size]
}

// The alerts that are sent and understood (RFC 5246 section 7.2): a goodbye, and
// the level of those after which nothing comes.
const (
	alertWarning     = 1
	alertFatal       = 2
	alertCloseNotify = 0
)

// CloseNotify is the alert that says goodbye.
var CloseNotify = [2]byte{alertWarning, alertCloseNotify}

// IsEnd says whether an alert ends the association.
func IsEnd(alert []byte) bool {
	return len(alert) == 2 && (alert[0] == alertFatal || alert[1] == alertCloseNotify)
}

package wire

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
)

// Integrity says how a message is protected.
type Integrity uint8

// The kinds of protection.
const (
	// IntegrityNone: no integrity attribute.
	IntegrityNone Integrity = iota
	// IntegritySHA1: MESSAGE-INTEGRITY alone.
	IntegritySHA1
	// IntegritySHA256: MESSAGE-INTEGRITY-SHA256, which governs when both are
	// there (RFC 8489 section 9.2.4).
	IntegritySHA256
	// IntegrityMalformed: an integrity attribute of another length than its
	// hash. TURN does not permit truncation (RFC 8489 section 14.6), so this is
	// a malformed request: 400, not 401.
	IntegrityMalformed
)

// Integrity returns the kind of protection that governs the message.
func (m *Message) Integrity() Integrity {
	short, hasShort := m.Get(AttrMessageIntegrity)
	long, hasLong := m.Get(AttrMessageIntegritySHA256)
	switch {
	case hasShort && len(short) != sha1.Size, hasLong && len(long) != sha256.Size:
		return IntegrityMalformed
	case hasLong:
		return IntegritySHA256
	case hasShort:
		return IntegritySHA1
	}
	return IntegrityNone
}

// CheckIntegrity reports whether the message has a MESSAGE-INTEGRITY that was
// made with key (RFC 8489 section 14.5). The comparison takes constant time.
func (m *Message) CheckIntegrity(key []byte) bool {
	value, ok := m.Get(AttrMessageIntegrity)
	if !ok {
		return false
	}
	text := m.Raw[:m.first[AttrMessageIntegrity]]
	want := m.mac.sha1(key, text)
	return hmac.Equal(value, want[:])
}

// CheckIntegritySHA256 reports whether the message has a full-length
// MESSAGE-INTEGRITY-SHA256 that was made with key (RFC 8489 section 14.6).
func (m *Message) CheckIntegritySHA256(key []byte) bool {
	value, ok := m.Get(AttrMessageIntegritySHA256)
	if !ok {
		return false
	}
	text := m.Raw[:m.first[AttrMessageIntegritySHA256]]
	want := m.mac.sha256(key, text)
	return hmac.Equal(value, want[:])
}

// mac computes the HMAC (RFC 2104) of a message in a reused buffer.
//
// crypto/hmac allocates two hashes for each key, and every candidate key of a
// request is a new one. The one-shot sums of sha1 and sha256 allocate nothing,
// and the copy that they need is also the place to adjust the header's length
// without writing to the datagram.
type mac struct {
	buf []byte
}

const hmacBlockSize = 64 // of SHA-1 and of SHA-256

func (c *mac) sha1(key, text []byte) [sha1.Size]byte {
	if len(key) > hmacBlockSize {
		sum := sha1.Sum(key)
		key = sum[:]
	}
	inner := sha1.Sum(c.inner(key, text, sha1.Size))
	return sha1.Sum(c.outer(key, inner[:]))
}

func (c *mac) sha256(key, text []byte) [sha256.Size]byte {
	if len(key) > hmacBlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	inner := sha256.Sum256(c.inner(key, text, sha256.Size))
	return sha256.Sum256(c.outer(key, inner[:]))
}

// inner returns the text of the inner hash. In it the header's length reaches to
// the end of the integrity attribute, whose value has size bytes.
func (c *mac) inner(key, text []byte, size int) []byte {
	c.pad(key, 0x36)
	c.buf = append(c.buf, text...)
	length := len(text) - HeaderSize + attributeHeaderSize + size
	binary.BigEndian.PutUint16(c.buf[hmacBlockSize+2:], uint16(length))
	return c.buf
}

// outer returns the text of the outer hash.
func (c *mac) outer(key, inner []byte) []byte {
	c.pad(key, 0x5C)
	c.buf = append(c.buf, inner...)
	return c.buf
}

// pad starts the buffer with the key, filled up with zeros to one block, every
// byte combined with fill.
func (c *mac) pad(key []byte, fill byte) {
	var block [hmacBlockSize]byte
	copy(block[:], key)
	for i := range block {
		block[i] ^= fill
	}
	c.buf = append(c.buf[:0], block[:]...)
}

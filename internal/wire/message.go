package wire

import (
	"encoding/binary"
	"iter"
	"slices"
)

// maxUnknown bounds the list of UNKNOWN-ATTRIBUTES: a client that sends more
// learns the first ones, and the answer stays small.
const maxUnknown = 16

// Message is a view of one STUN message inside a datagram that the caller owns.
// Walk fills it; its methods are valid until the datagram changes. It is made
// to be reused, by one goroutine at a time.
type Message struct {
	Raw           []byte // the whole message
	Method        Method
	Class         Class
	TransactionID [TransactionIDSize]byte

	first   [128]uint16 // slot -> offset of the first attribute that counts, 0: none
	end     int         // offset behind the last attribute before an integrity attribute
	unknown bool        // a comprehension-required attribute is not understood
	mac     mac         // scratch of the integrity checks
}

// slot maps an attribute type to its place in Message.first. Every type that
// this package names lies in 0x0000-0x003F or 0x8000-0x803F.
func slot(t AttrType) (int, bool) {
	return int(t&0x3F | t>>15<<6), t&0x7FC0 == 0
}

// Walk checks the message that fills b and indexes its attributes: header,
// exact length, cookie, the bounds of every attribute, the value of FINGERPRINT
// and that it comes last. Attributes behind an integrity attribute are skipped
// (see position). Of equal attributes the first counts. Values are not judged;
// the getters do that.
//
// On a Reason other than OK the message must not be used. Walk does not allocate.
func (m *Message) Walk(b []byte) Reason {
	if r := checkHeader(b); r != OK {
		return r
	}
	m.Raw = b
	m.Method, m.Class = splitType(binary.BigEndian.Uint16(b))
	m.TransactionID = [TransactionIDSize]byte(b[8:HeaderSize])
	m.first = [128]uint16{}
	m.end = len(b)
	m.unknown = false

	var pos position
	for off := HeaderSize; off < len(b); {
		t := AttrType(binary.BigEndian.Uint16(b[off:]))
		next := off + attributeHeaderSize + padded(int(binary.BigEndian.Uint16(b[off+2:])))
		if next > len(b) {
			return ReasonTruncatedAttribute
		}
		if t == AttrFingerprint && !fingerprintMatches(b, off) {
			return ReasonFingerprint
		}
		before := pos
		if pos.counts(t) {
			m.index(t, off)
		}
		if before == beforeIntegrity && pos != beforeIntegrity {
			m.end = off
		}
		off = next
	}
	return OK
}

func (m *Message) index(t AttrType, off int) {
	if i, ok := slot(t); ok && m.first[i] == 0 {
		m.first[i] = uint16(off)
	}
	if t.isUnknownRequired() {
		m.unknown = true
	}
}

// Get returns the value of the first attribute of type t that counts, without
// its padding.
func (m *Message) Get(t AttrType) (value []byte, ok bool) {
	if i, indexed := slot(t); indexed {
		off := int(m.first[i])
		if off == 0 {
			return nil, false
		}
		return m.valueAt(off), true
	}
	for value := range m.Each(t) {
		return value, true
	}
	return nil, false
}

// Has reports whether an attribute of type t is present and counts.
func (m *Message) Has(t AttrType) bool {
	_, ok := m.Get(t)
	return ok
}

// Each yields the values of all attributes of type t that stand before the
// integrity attributes, in order.
func (m *Message) Each(t AttrType) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for off := HeaderSize; off < m.end; off = m.after(off) {
			if m.typeAt(off) == t && !yield(m.valueAt(off)) {
				return
			}
		}
	}
}

// HasFingerprint reports whether the message has a FINGERPRINT; Walk has
// checked its value. An answer has one if the request had (RFC 8489 section 6.3).
func (m *Message) HasFingerprint() bool { return m.Has(AttrFingerprint) }

// UnknownRequired appends to dst the comprehension-required types in the
// message that neither RFC 8489 nor RFC 8656 defines, each once and at most 16:
// what the UNKNOWN-ATTRIBUTES of a 420 lists.
func (m *Message) UnknownRequired(dst []AttrType) []AttrType {
	if !m.unknown {
		return dst
	}
	start := len(dst)
	for off := HeaderSize; off < m.end && len(dst)-start < maxUnknown; off = m.after(off) {
		if t := m.typeAt(off); t.isUnknownRequired() && !slices.Contains(dst[start:], t) {
			dst = append(dst, t)
		}
	}
	return dst
}

func (m *Message) typeAt(off int) AttrType {
	return AttrType(binary.BigEndian.Uint16(m.Raw[off:]))
}

func (m *Message) valueAt(off int) []byte {
	start := off + attributeHeaderSize
	end := start + int(binary.BigEndian.Uint16(m.Raw[off+2:]))
	return m.Raw[start:end:end]
}

// after returns the offset of the attribute that follows the one at off.
func (m *Message) after(off int) int {
	return off + attributeHeaderSize + padded(int(binary.BigEndian.Uint16(m.Raw[off+2:])))
}

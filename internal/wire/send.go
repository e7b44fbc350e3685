package wire

import "encoding/binary"

// sendType is the message type of a Send indication.
const sendType = 0x0016

// IsSend reports whether b starts like a Send indication. It looks at the
// message type only.
func IsSend(b []byte) bool {
	return len(b) >= HeaderSize && binary.BigEndian.Uint16(b) == sendType
}

// SendIndication is what a relay needs of a Send indication. The data to relay
// is the datagram's bytes [Off : Off+N]; N may be 0.
type SendIndication struct {
	PeerIP       [16]byte // IPv4 as ::ffff:a.b.c.d
	PeerPort     uint16
	PeerFamily   Family // of the attribute, which may hold a mapped address as IPv6
	DontFragment bool
	Off, N       int
}

// ParseSend checks the Send indication that fills b and finds peer and data
// in one pass (RFC 8656 section 11.2). XOR-PEER-ADDRESS and DATA must be there;
// of several the first counts. An unknown comprehension-required attribute
// makes the indication unusable (RFC 8489 section 6.3.2); so does a wrong
// FINGERPRINT. ParseSend does not allocate.
func ParseSend(b []byte) (s SendIndication, r Reason) {
	if r := checkHeader(b); r != OK {
		return s, r
	}
	if !IsSend(b) {
		return s, ReasonType
	}
	var peer []byte
	var pos position
	for off := HeaderSize; off < len(b); {
		t := AttrType(binary.BigEndian.Uint16(b[off:]))
		n := int(binary.BigEndian.Uint16(b[off+2:]))
		start := off + attributeHeaderSize
		next := start + padded(n)
		if next > len(b) {
			return s, ReasonTruncatedAttribute
		}
		if t == AttrFingerprint && !fingerprintMatches(b, off) {
			return s, ReasonFingerprint
		}
		off = next
		if !pos.counts(t) {
			continue
		}
		switch {
		case t == AttrXORPeerAddress:
			if peer == nil {
				peer = b[start : start+n]
			}
		case t == AttrData:
			if s.Off == 0 {
				s.Off, s.N = start, n
			}
		case t == AttrDontFragment:
			s.DontFragment = true
		case t.isUnknownRequired():
			return s, ReasonUnknownAttribute
		}
	}
	if peer == nil || s.Off == 0 {
		return s, ReasonMissingAttribute
	}
	if s.PeerIP, s.PeerPort, s.PeerFamily = decodeXOR(peer, b); s.PeerFamily == 0 {
		return s, ReasonMalformedAttribute
	}
	return s, OK
}

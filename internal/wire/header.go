package wire

import "encoding/binary"

// checkHeader judges the STUN header of a datagram (RFC 8489 section 6.3).
func checkHeader(b []byte) Reason {
	if len(b) < HeaderSize {
		return ReasonShort
	}
	if b[0]&0xC0 != 0 {
		return ReasonType
	}
	if binary.BigEndian.Uint32(b[4:]) != MagicCookie {
		return ReasonCookie
	}
	if n := int(binary.BigEndian.Uint16(b[2:])); n&3 != 0 || n != len(b)-HeaderSize {
		return ReasonLength
	}
	return OK
}

// putHeader writes a STUN header. The length is that of all attributes with
// their padding.
func putHeader(b []byte, typ uint16, length int, tid *[TransactionIDSize]byte) {
	binary.BigEndian.PutUint16(b, typ)
	binary.BigEndian.PutUint16(b[2:], uint16(length))
	binary.BigEndian.PutUint32(b[4:], MagicCookie)
	copy(b[8:HeaderSize], tid[:])
}

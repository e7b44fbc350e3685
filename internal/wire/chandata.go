package wire

import "encoding/binary"

// ParseChannelData reads the header of a ChannelData message that came in one
// datagram: the payload is b[ChannelHeaderSize : ChannelHeaderSize+n], n may be
// 0. Bytes behind the payload are allowed, since padding is optional over UDP;
// fewer than announced are not (RFC 8656 section 12.6). The number lies in
// 0x4000-0x7FFF; which of these are served is for the caller to say.
func ParseChannelData(b []byte) (number uint16, n int, r Reason) {
	if len(b) < ChannelHeaderSize {
		return 0, 0, ReasonShort
	}
	number = binary.BigEndian.Uint16(b)
	if number>>14 != 1 {
		return 0, 0, ReasonType
	}
	n = int(binary.BigEndian.Uint16(b[2:]))
	if n > len(b)-ChannelHeaderSize {
		return 0, 0, ReasonLength
	}
	return number, n, OK
}

// PutChannelHeader writes the ChannelData header of a payload of n bytes,
// at most 65,535, to b[:ChannelHeaderSize] (RFC 8656 section 12.4).
func PutChannelHeader(b []byte, number uint16, n int) {
	binary.BigEndian.PutUint32(b, uint32(number)<<16|uint32(uint16(n)))
}

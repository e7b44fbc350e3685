package wire

import "encoding/binary"

// MaxFrame is the longest frame of a stream in bytes: a STUN message whose
// length field says as much as it can. Padded ChannelData is 12 bytes shorter.
const MaxFrame = HeaderSize + maxAttributes

// frameHeaderSize is how much of a frame tells its length: both protocols have
// it in the third and fourth byte.
const frameHeaderSize = 4

// FrameSize reads from the head of a byte stream how long its first frame is: a
// STUN message (RFC 8489 section 6.2.2), or ChannelData with the padding that
// streams must have (RFC 8656 section 12.5). Size 0 with OK asks for more
// bytes. Any other reason means that the stream cannot be understood from here
// on: there is no way to find the next frame.
func FrameSize(b []byte) (size int, r Reason) {
	if len(b) == 0 {
		return 0, OK
	}
	kind := Classify(b)
	if kind != KindSTUN && kind != KindChannelData {
		return 0, ReasonType
	}
	if len(b) < frameHeaderSize {
		return 0, OK
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if kind == KindChannelData {
		return ChannelHeaderSize + padded(n), OK
	}
	if n&3 != 0 {
		return 0, ReasonLength
	}
	if len(b) >= 8 && binary.BigEndian.Uint32(b[4:]) != MagicCookie {
		return 0, ReasonCookie
	}
	return HeaderSize + n, OK
}

// PadFrame writes the zero padding that a ChannelData message b[:size] needs on
// a stream, and returns its length with it. The caller provides Tailroom behind.
func PadFrame(b []byte, size int) int {
	end := padded(size)
	clear(b[size:end])
	return end
}

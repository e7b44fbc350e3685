package wire

const (
	// HeaderSize is the length of a STUN header in bytes (RFC 8489 section 5).
	HeaderSize = 20

	// ChannelHeaderSize is the length of a ChannelData header in bytes
	// (RFC 8656 section 12.4).
	ChannelHeaderSize = 4

	// MagicCookie is the fixed second word of every STUN header
	// (RFC 8489 section 5).
	MagicCookie = 0x2112A442

	// TransactionIDSize is the length of a transaction id in bytes.
	TransactionIDSize = 12

	// Headroom is the number of bytes that a receive buffer keeps free in front
	// of a datagram, so that a header is written in place. The longest one is
	// that of a Data indication with an IPv6 peer: 48 bytes. 64 keeps the
	// payload on a cache line border.
	Headroom = 64

	// Tailroom is the number of bytes that a receive buffer keeps free behind a
	// datagram: attributes and ChannelData over streams are padded to a
	// multiple of four, so three are written at most; eight keeps the next
	// buffer aligned.
	Tailroom = 8

	// MaxDatagram is the longest datagram in bytes that a UDP length field can
	// announce, header included; what a socket delivers is shorter.
	MaxDatagram = 65535
)

const (
	// attributeHeaderSize is type and length of an attribute (RFC 8489 section 14).
	attributeHeaderSize = 4

	// maxAttributes is the largest length that a STUN header can announce: the
	// length field has 16 bits and is a multiple of four.
	maxAttributes = 0xFFFC
)

// padded rounds n up to the attribute boundary of RFC 8489 section 14.
func padded(n int) int { return (n + 3) &^ 3 }

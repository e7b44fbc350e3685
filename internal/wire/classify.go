package wire

// Kind says which protocol a datagram belongs to.
type Kind uint8

// The protocols that share a TURN server's port (RFC 7983 section 7).
const (
	KindUnknown Kind = iota
	KindSTUN
	KindChannelData
	KindDTLS
)

// Classify tells the protocol of a datagram from its first byte, as RFC 7983
// section 7 does, with one difference: 80 to 127 is ChannelData as well, the
// range that RFC 5766 had. Whether such channel numbers are served is the
// caller's decision. An empty datagram is unknown.
func Classify(b []byte) Kind {
	if len(b) == 0 {
		return KindUnknown
	}
	switch first := b[0]; {
	case first <= 3:
		return KindSTUN
	case first >= 64 && first <= 127:
		return KindChannelData
	case first >= 20 && first <= 63:
		return KindDTLS
	}
	return KindUnknown
}

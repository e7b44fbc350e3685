package wire

import (
	"encoding/binary"
	"time"
)

// Lifetime adds LIFETIME, rounded down to seconds (RFC 8656 section 18.2).
func (b *Builder) Lifetime(d time.Duration) {
	b.word(AttrLifetime, uint32(d/time.Second))
}

// RequestedTransport adds REQUESTED-TRANSPORT (RFC 8656 section 18.8).
func (b *Builder) RequestedTransport(protocol uint8) {
	b.word(AttrRequestedTransport, uint32(protocol)<<24)
}

// RequestedFamily adds REQUESTED-ADDRESS-FAMILY (RFC 8656 section 18.6).
func (b *Builder) RequestedFamily(f Family) {
	b.word(AttrRequestedAddressFamily, uint32(f)<<24)
}

// AdditionalFamily adds ADDITIONAL-ADDRESS-FAMILY (RFC 8656 section 18.11).
func (b *Builder) AdditionalFamily(f Family) {
	b.word(AttrAdditionalAddressFamily, uint32(f)<<24)
}

// ChannelNumber adds CHANNEL-NUMBER (RFC 8656 section 18.1).
func (b *Builder) ChannelNumber(number uint16) {
	b.word(AttrChannelNumber, uint32(number)<<16)
}

// EvenPort adds EVEN-PORT; reserve asks for the next-higher port as well
// (RFC 8656 section 18.7).
func (b *Builder) EvenPort(reserve bool) {
	var v [1]byte
	if reserve {
		v[0] = 0x80
	}
	b.Attribute(AttrEvenPort, v[:])
}

// DontFragment adds DONT-FRAGMENT (RFC 8656 section 18.9).
func (b *Builder) DontFragment() { b.Attribute(AttrDontFragment, nil) }

// ReservationToken adds RESERVATION-TOKEN (RFC 8656 section 18.10).
func (b *Builder) ReservationToken(token [8]byte) { b.Attribute(AttrReservationToken, token[:]) }

// Data adds DATA (RFC 8656 section 18.4). Relays use PutData instead.
func (b *Builder) Data(data []byte) { b.Attribute(AttrData, data) }

// ICMP adds ICMP (RFC 8656 section 18.13): the type in 7 bits, the code in 9.
func (b *Builder) ICMP(i ICMP) {
	var v [8]byte
	binary.BigEndian.PutUint16(v[2:], uint16(i.Type)<<9|i.Code&0x1FF)
	binary.BigEndian.PutUint32(v[4:], i.Data)
	b.Attribute(AttrICMP, v[:])
}

// word adds an attribute of four bytes.
func (b *Builder) word(t AttrType, value uint32) {
	var v [4]byte
	binary.BigEndian.PutUint32(v[:], value)
	b.Attribute(t, v[:])
}

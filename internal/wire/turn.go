package wire

import (
	"encoding/binary"
	"time"
)

// Protocol numbers of REQUESTED-TRANSPORT (RFC 8656 section 18.8, RFC 6062
// section 4.1), as in an IP header.
const (
	ProtocolTCP uint8 = 6
	ProtocolUDP uint8 = 17
)

// Lifetime returns LIFETIME, in whole seconds (RFC 8656 section 18.2).
func (m *Message) Lifetime() (d time.Duration, present bool, err error) {
	v, present, err := m.fixed(AttrLifetime, 4)
	if v == nil {
		return 0, present, err
	}
	return time.Duration(binary.BigEndian.Uint32(v)) * time.Second, true, nil
}

// RequestedTransport returns the protocol number of REQUESTED-TRANSPORT
// (RFC 8656 section 18.8).
func (m *Message) RequestedTransport() (protocol uint8, present bool, err error) {
	v, present, err := m.fixed(AttrRequestedTransport, 4)
	if v == nil {
		return 0, present, err
	}
	return v[0], true, nil
}

// RequestedFamily returns REQUESTED-ADDRESS-FAMILY (RFC 8656 section 18.6).
// The family may be one that does not exist.
func (m *Message) RequestedFamily() (f Family, present bool, err error) {
	return m.family(AttrRequestedAddressFamily)
}

// AdditionalFamily returns ADDITIONAL-ADDRESS-FAMILY (RFC 8656 section 18.11).
// The family may be one that does not exist. It may have the number of the draft.
func (m *Message) AdditionalFamily() (f Family, present bool, err error) {
	if m.Has(AttrAdditionalAddressFamily) {
		return m.family(AttrAdditionalAddressFamily)
	}
	return m.family(AttrAdditionalFamilyDraft)
}

func (m *Message) family(t AttrType) (f Family, present bool, err error) {
	v, present, err := m.fixed(t, 4)
	if v == nil {
		return 0, present, err
	}
	return Family(v[0]), true, nil
}

// EvenPort returns the R bit of EVEN-PORT: whether the next-higher port is to
// be reserved (RFC 8656 section 18.7).
func (m *Message) EvenPort() (reserve, present bool, err error) {
	v, present, err := m.fixed(AttrEvenPort, 1)
	if v == nil {
		return false, present, err
	}
	return v[0]&0x80 != 0, true, nil
}

// DontFragment reports whether DONT-FRAGMENT is present (RFC 8656 section 18.9).
func (m *Message) DontFragment() bool { return m.Has(AttrDontFragment) }

// ReservationToken returns RESERVATION-TOKEN (RFC 8656 section 18.10).
func (m *Message) ReservationToken() (token [8]byte, present bool, err error) {
	v, present, err := m.fixed(AttrReservationToken, len(token))
	if v == nil {
		return token, present, err
	}
	return [8]byte(v), true, nil
}

// ChannelNumber returns CHANNEL-NUMBER (RFC 8656 section 18.1), whatever range
// it is from.
func (m *Message) ChannelNumber() (number uint16, present bool, err error) {
	v, present, err := m.fixed(AttrChannelNumber, 4)
	if v == nil {
		return 0, present, err
	}
	return binary.BigEndian.Uint16(v), true, nil
}

// Data returns the value of DATA (RFC 8656 section 18.4), which may be empty.
func (m *Message) Data() (data []byte, present bool) { return m.Get(AttrData) }

// ICMP is what a Data indication tells about an ICMP error from the way to a
// peer (RFC 8656 section 18.13).
type ICMP struct {
	Type uint8  // 7 bits on the wire
	Code uint16 // 9 bits on the wire
	Data uint32 // next-hop MTU in bytes for "packet too big", else 0
}

// ICMP returns the ICMP attribute.
func (m *Message) ICMP() (i ICMP, present bool, err error) {
	v, present, err := m.fixed(AttrICMP, 8)
	if v == nil {
		return i, present, err
	}
	typeAndCode := binary.BigEndian.Uint16(v[2:])
	return ICMP{
		Type: uint8(typeAndCode >> 9),
		Code: typeAndCode & 0x1FF,
		Data: binary.BigEndian.Uint32(v[4:]),
	}, true, nil
}

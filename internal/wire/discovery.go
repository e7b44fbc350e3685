package wire

import (
	"encoding/binary"
	"net/netip"
)

// ChangeRequest says from where else the answer to a Binding request is wanted
// (RFC 5780 section 7.2).
type ChangeRequest struct {
	IP, Port bool
}

// ChangeRequest returns CHANGE-REQUEST.
func (m *Message) ChangeRequest() (c ChangeRequest, present bool, err error) {
	v, present, err := m.fixed(AttrChangeRequest, 4)
	if v == nil {
		return c, present, err
	}
	return ChangeRequest{IP: v[3]&0x04 != 0, Port: v[3]&0x02 != 0}, true, nil
}

// ResponsePort returns RESPONSE-PORT (RFC 5780 section 7.5). Its length may or
// may not count the two bytes of padding: the text can be read either way.
func (m *Message) ResponsePort() (port uint16, present bool, err error) {
	v, present := m.Get(AttrResponsePort)
	switch {
	case !present:
		return 0, false, nil
	case len(v) != 2 && len(v) != 4:
		return 0, true, MalformedError{AttrResponsePort}
	}
	return binary.BigEndian.Uint16(v), true, nil
}

// Padding returns how many bytes PADDING has (RFC 5780 section 7.6).
func (m *Message) Padding() (n int, present bool) {
	v, present := m.Get(AttrPadding)
	return len(v), present
}

// ResponseOrigin returns RESPONSE-ORIGIN (RFC 5780 section 7.3).
func (m *Message) ResponseOrigin() (a netip.AddrPort, present bool, err error) {
	return m.plainAddress(AttrResponseOrigin)
}

// OtherAddress returns OTHER-ADDRESS (RFC 5780 section 7.4).
func (m *Message) OtherAddress() (a netip.AddrPort, present bool, err error) {
	return m.plainAddress(AttrOtherAddress)
}

// ChangeRequest adds CHANGE-REQUEST (RFC 5780 section 7.2).
func (b *Builder) ChangeRequest(c ChangeRequest) {
	var flags uint32
	if c.IP {
		flags |= 0x04
	}
	if c.Port {
		flags |= 0x02
	}
	b.word(AttrChangeRequest, flags)
}

// ResponsePort adds RESPONSE-PORT (RFC 5780 section 7.5).
func (b *Builder) ResponsePort(port uint16) { b.word(AttrResponsePort, uint32(port)<<16) }

// Padding adds PADDING of n zero bytes (RFC 5780 section 7.6).
func (b *Builder) Padding(n int) { b.Attribute(AttrPadding, make([]byte, n)) }

// ResponseOrigin adds RESPONSE-ORIGIN (RFC 5780 section 7.3).
func (b *Builder) ResponseOrigin(a netip.AddrPort) { b.plainAddress(AttrResponseOrigin, a) }

// OtherAddress adds OTHER-ADDRESS (RFC 5780 section 7.4).
func (b *Builder) OtherAddress(a netip.AddrPort) { b.plainAddress(AttrOtherAddress, a) }

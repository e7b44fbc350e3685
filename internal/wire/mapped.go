package wire

import "net/netip"

// XORMappedAddress returns XOR-MAPPED-ADDRESS (RFC 8489 section 14.2).
func (m *Message) XORMappedAddress() (a netip.AddrPort, present bool, err error) {
	return m.xorAddress(AttrXORMappedAddress)
}

// XORRelayedAddress returns XOR-RELAYED-ADDRESS (RFC 8656 section 18.5).
func (m *Message) XORRelayedAddress() (a netip.AddrPort, present bool, err error) {
	return m.xorAddress(AttrXORRelayedAddress)
}

// XORPeerAddress returns the first XOR-PEER-ADDRESS (RFC 8656 section 18.3).
func (m *Message) XORPeerAddress() (a netip.AddrPort, present bool, err error) {
	return m.xorAddress(AttrXORPeerAddress)
}

// XORPeerAddresses appends every XOR-PEER-ADDRESS of a CreatePermission request
// to dst, none if there is none. One malformed address makes all unusable
// (RFC 8656 section 10.2).
func (m *Message) XORPeerAddresses(dst []netip.AddrPort) ([]netip.AddrPort, error) {
	start := len(dst)
	for v := range m.Each(AttrXORPeerAddress) {
		a, ok := parseXORAddress(v, m.Raw)
		if !ok {
			return dst[:start], MalformedError{AttrXORPeerAddress}
		}
		dst = append(dst, a)
	}
	return dst, nil
}

// MappedAddress returns MAPPED-ADDRESS (RFC 8489 section 14.1).
func (m *Message) MappedAddress() (a netip.AddrPort, present bool, err error) {
	return m.plainAddress(AttrMappedAddress)
}

// AlternateServer returns ALTERNATE-SERVER (RFC 8489 section 14.15).
func (m *Message) AlternateServer() (a netip.AddrPort, present bool, err error) {
	return m.plainAddress(AttrAlternateServer)
}

func (m *Message) xorAddress(t AttrType) (a netip.AddrPort, present bool, err error) {
	v, present := m.Get(t)
	if !present {
		return a, false, nil
	}
	a, ok := parseXORAddress(v, m.Raw)
	if !ok {
		return a, true, MalformedError{t}
	}
	return a, true, nil
}

func (m *Message) plainAddress(t AttrType) (a netip.AddrPort, present bool, err error) {
	v, present := m.Get(t)
	if !present {
		return a, false, nil
	}
	a, ok := parseAddress(v)
	if !ok {
		return a, true, MalformedError{t}
	}
	return a, true, nil
}

package allocation

import (
	"encoding/binary"
	"net/netip"
)

// Canonical returns the one address under which a peer is judged: IPv4 that is
// hidden in IPv6 is unwrapped, a zone is dropped.
//
// Unwrapped are IPv4-mapped and IPv4-compatible addresses (RFC 4291 section
// 2.5.5), IPv4-translated ones (RFC 2765), 6to4 (RFC 3056), NAT64 with the
// well-known prefix (RFC 6052) and with the local-use prefix 64:ff9b:1::/96
// (RFC 8215), Teredo (RFC 4380) and ISATAP (RFC 5214).
//
// A Teredo address becomes its client's address, where the payload goes; its
// server only sees bubbles. The rest of the local-use prefix 64:ff9b:1::/48
// cannot be unwrapped, as each network chooses there at which bit the IPv4
// address starts, and stays IPv6; the built-in rules deny it.
func Canonical(addr netip.Addr) netip.Addr {
	addr = addr.WithZone("")
	if e, ok := encodingOf(addr); ok {
		return e.unwrap(addr)
	}
	if isISATAP(addr) {
		return encoding{name: "ISATAP", from: 96}.unwrap(addr)
	}
	return addr
}

// encoding is a range of IPv6 addresses that stand for IPv4 addresses.
type encoding struct {
	name     string
	bits     int  // length of the range's prefix
	from     int  // the bit at which the IPv4 address starts
	inverted bool // the IPv4 address is stored with all bits flipped
}

// encodingOf finds the range that addr lies in. The unspecified and the
// loopback address lie in the IPv4-compatible range and are none.
func encodingOf(addr netip.Addr) (encoding, bool) {
	if !addr.Is6() {
		return encoding{}, false
	}
	b := addr.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	switch {
	case high == 0 && low>>32 == 0 && low > 1:
		return encoding{name: "IPv4-compatible", bits: 96, from: 96}, true
	case high == 0 && low>>32 == 0xffff:
		return encoding{name: "IPv4-mapped", bits: 96, from: 96}, true
	case high == 0 && low>>32 == 0xffff_0000:
		return encoding{name: "IPv4-translated", bits: 96, from: 96}, true
	case high == 0x0064_ff9b_0000_0000 && low>>32 == 0:
		return encoding{name: "NAT64", bits: 96, from: 96}, true
	case high == 0x0064_ff9b_0001_0000 && low>>32 == 0:
		return encoding{name: "local-use NAT64", bits: 96, from: 96}, true
	case high>>48 == 0x2002:
		return encoding{name: "6to4", bits: 16, from: 16}, true
	case high>>32 == 0x2001_0000:
		return encoding{name: "Teredo", bits: 32, from: 96, inverted: true}, true
	}
	return encoding{}, false
}

func (e encoding) unwrap(addr netip.Addr) netip.Addr {
	b := addr.As16()
	v4 := [4]byte(b[e.from/8:])
	if e.inverted {
		for i := range v4 {
			v4[i] ^= 0xff
		}
	}
	return netip.AddrFrom4(v4)
}

// isISATAP reports whether the interface identifier of an IPv6 address is an
// ISATAP one, with either value of the universal/local bit. Unlike the other
// encodings these addresses lie in anybody's prefix; where a prefix is an
// encoding of its own, that one counts.
func isISATAP(addr netip.Addr) bool {
	if _, ok := encodingOf(addr); ok || !addr.Is6() {
		return false
	}
	b := addr.As16()
	return binary.BigEndian.Uint32(b[8:])&^0x0200_0000 == 0x0000_5efe
}

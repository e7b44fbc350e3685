package wire

import (
	"encoding/binary"
	"net/netip"
)

// Family is the address family of an attribute (RFC 8489 section 14.1).
type Family uint8

// The two families. A request may carry any other value; that is for the server
// to refuse with 440.
const (
	FamilyIPv4 Family = 1
	FamilyIPv6 Family = 2
)

// FamilyOf returns the family in which an address is written to an attribute.
// An IPv4-mapped IPv6 address is IPv6.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return FamilyIPv4
	}
	return FamilyIPv6
}

const (
	addressSize4 = 4 + 4  // value of an address attribute with an IPv4 address
	addressSize6 = 4 + 16 // and with an IPv6 address
)

// addressSize returns the length of the value of an address attribute.
func addressSize(a netip.Addr) int {
	if a.Is4() {
		return addressSize4
	}
	return addressSize6
}

// parseAddress reads the value of MAPPED-ADDRESS and its like (RFC 8489
// section 14.1). The first byte is ignored, the length must be that of the
// family. A mapped IPv4 address inside an IPv6 attribute is returned as it is.
func parseAddress(v []byte) (netip.AddrPort, bool) {
	if len(v) < addressSize4 {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(v[2:])
	switch {
	case Family(v[1]) == FamilyIPv4 && len(v) == addressSize4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v[4:])), port), true
	case Family(v[1]) == FamilyIPv6 && len(v) == addressSize6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(v[4:])), port), true
	}
	return netip.AddrPort{}, false
}

// parseXORAddress reads the value of XOR-MAPPED-ADDRESS and its like (RFC 8489
// section 14.2) in a message whose header starts at header.
func parseXORAddress(v, header []byte) (netip.AddrPort, bool) {
	ip, port, family := decodeXOR(v, header)
	switch family {
	case FamilyIPv4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:])), port), true
	case FamilyIPv6:
		return netip.AddrPortFrom(netip.AddrFrom16(ip), port), true
	}
	return netip.AddrPort{}, false
}

// decodeXOR is parseXORAddress in parts, IPv4 as ::ffff:a.b.c.d; family 0 stands
// for a value that is none.
func decodeXOR(v, header []byte) (ip [16]byte, port uint16, family Family) {
	if len(v) < addressSize4 {
		return ip, 0, 0
	}
	family = Family(v[1])
	port = binary.BigEndian.Uint16(v[2:]) ^ binary.BigEndian.Uint16(header[4:])
	switch {
	case family == FamilyIPv4 && len(v) == addressSize4:
		ip[10], ip[11] = 0xFF, 0xFF
		xorWord(ip[12:], v[4:], header[4:])
	case family == FamilyIPv6 && len(v) == addressSize6:
		for i := 0; i < len(ip); i += 4 {
			xorWord(ip[i:], v[4+i:], header[4+i:])
		}
	default:
		return ip, 0, 0
	}
	return ip, port, family
}

func xorWord(to, a, b []byte) {
	binary.BigEndian.PutUint32(to, binary.BigEndian.Uint32(a)^binary.BigEndian.Uint32(b))
}

// putAddress writes the value of MAPPED-ADDRESS and its like and returns its
// length. The zone of an address is not written.
func putAddress(v []byte, a netip.AddrPort) int {
	v[0], v[1] = 0, byte(FamilyOf(a.Addr()))
	binary.BigEndian.PutUint16(v[2:], a.Port())
	if a.Addr().Is4() {
		ip := a.Addr().As4()
		return 4 + copy(v[4:], ip[:])
	}
	ip := a.Addr().As16()
	return 4 + copy(v[4:], ip[:])
}

// putXORAddress writes the value of XOR-MAPPED-ADDRESS and its like for a
// message whose header, already written, starts at header.
func putXORAddress(v []byte, a netip.AddrPort, header []byte) int {
	n := putAddress(v, a)
	xorAddress(v[:n], header)
	return n
}

// xorAddress turns a plain value into an obfuscated one and back: the port with
// the upper half of the magic cookie, the address with cookie and transaction
// id, which is what bytes 4 to 19 of the header are.
func xorAddress(v, header []byte) {
	if len(v) < 4 {
		return
	}
	v[2] ^= header[4]
	v[3] ^= header[5]
	for i := range v[4:] {
		v[4+i] ^= header[4+i]
	}
}

package udpbatch

import (
	"encoding/binary"
	"net/netip"
)

// Addr is a transport address without a pointer, so that tables full of them
// cost the garbage collector nothing (netip.Addr points at its zone). An IPv4
// address is held as ::ffff:a.b.c.d; zones are dropped.
type Addr struct {
	IP   [16]byte
	Port uint16
}

// AddrOf converts ap, dropping its zone.
func AddrOf(ap netip.AddrPort) Addr {
	return Addr{IP: ap.Addr().As16(), Port: ap.Port()}
}

// AddrPort converts back: an IPv4 address comes out unmapped.
func (a *Addr) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), a.Port)
}

// Addr returns the IP address, IPv4 unmapped.
func (a *Addr) Addr() netip.Addr {
	return netip.AddrFrom16(a.IP).Unmap()
}

// Is4 reports whether a is an IPv4 address.
func (a *Addr) Is4() bool {
	return binary.BigEndian.Uint64(a.IP[:8]) == 0 && binary.BigEndian.Uint32(a.IP[8:12]) == 0xffff
}

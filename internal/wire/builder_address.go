package wire

import "net/netip"

// XORMappedAddress adds XOR-MAPPED-ADDRESS (RFC 8489 section 14.2).
func (b *Builder) XORMappedAddress(a netip.AddrPort) { b.xorAddress(AttrXORMappedAddress, a) }

// XORRelayedAddress adds XOR-RELAYED-ADDRESS (RFC 8656 section 18.5).
func (b *Builder) XORRelayedAddress(a netip.AddrPort) { b.xorAddress(AttrXORRelayedAddress, a) }

// XORPeerAddress adds XOR-PEER-ADDRESS (RFC 8656 section 18.3).
func (b *Builder) XORPeerAddress(a netip.AddrPort) { b.xorAddress(AttrXORPeerAddress, a) }

// MappedAddress adds MAPPED-ADDRESS (RFC 8489 section 14.1).
func (b *Builder) MappedAddress(a netip.AddrPort) { b.plainAddress(AttrMappedAddress, a) }

// AlternateServer adds ALTERNATE-SERVER (RFC 8489 section 14.15).
func (b *Builder) AlternateServer(a netip.AddrPort) { b.plainAddress(AttrAlternateServer, a) }

func (b *Builder) xorAddress(t AttrType, a netip.AddrPort) {
	var v [addressSize6]byte
	b.Attribute(t, v[:putXORAddress(v[:], a, b.msg.Raw)])
}

func (b *Builder) plainAddress(t AttrType, a netip.AddrPort) {
	var v [addressSize6]byte
	b.Attribute(t, v[:putAddress(v[:], a)])
}

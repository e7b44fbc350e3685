package wire

import (
	"encoding/binary"
	"net/netip"
)

// dataType is the message type of a Data indication.
const dataType = 0x0017

// DataOverhead returns how many bytes PutData writes in front of the payload:
// 36 for an IPv4 peer, 48 for an IPv6 peer.
func DataOverhead(peer netip.Addr) int {
	return HeaderSize + attributeHeaderSize + addressSize(peer) + attributeHeaderSize
}

// PutData makes a Data indication of the payload buf[off:off+n] without moving
// it: XOR-PEER-ADDRESS and the head of DATA are written in front, zero padding
// behind (RFC 8656 section 11.3). The indication is buf[newOff:newOff+newN].
// The caller provides Headroom in front and Tailroom behind, and a transaction
// id that is hard to guess.
//
// A payload too long for the header's 16-bit length (more than 65,516 bytes for
// an IPv4 peer, 65,504 for IPv6) gives newN 0 and leaves buf as it was.
func PutData(buf []byte, off, n int, peer netip.AddrPort, tid *[TransactionIDSize]byte) (newOff, newN int) {
	overhead := DataOverhead(peer.Addr())
	length := overhead - HeaderSize + padded(n)
	if length > maxAttributes {
		return off, 0
	}
	head := buf[off-overhead : off]
	putHeader(head, dataType, length, tid)
	address := head[HeaderSize:]
	binary.BigEndian.PutUint16(address, uint16(AttrXORPeerAddress))
	size := putXORAddress(address[attributeHeaderSize:], peer, head)
	binary.BigEndian.PutUint16(address[2:], uint16(size))
	data := head[overhead-attributeHeaderSize:]
	binary.BigEndian.PutUint16(data, uint16(AttrData))
	binary.BigEndian.PutUint16(data[2:], uint16(n))
	clear(buf[off+n : off+padded(n)])
	return off - overhead, HeaderSize + length
}

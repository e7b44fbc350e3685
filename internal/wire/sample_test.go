package wire_test

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
)

var (
	sampleID    = [wire.TransactionIDSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	sampleKey   = []byte("0123456789abcdef")
	samplePeer  = netip.MustParseAddrPort("192.0.2.7:4242")
	samplePeer6 = netip.MustParseAddrPort("[2001:db8::7]:4242")
)

// request returns a request that add fills.
func request(method wire.Method, add func(b *wire.Builder)) []byte {
	var b wire.Builder
	b.Request(method, sampleID)
	add(&b)
	return b.Bytes()
}

// sampleAllocate returns an Allocate request as a browser sends it, signed.
func sampleAllocate() []byte {
	return request(wire.MethodAllocate, func(b *wire.Builder) {
		b.RequestedTransport(wire.ProtocolUDP)
		b.Lifetime(10 * time.Minute)
		b.Username("1700000000:alice")
		b.Realm("example.org")
		b.Nonce([]byte("f//499k954d6OL34oL9FSTvy64sA"))
		b.Sign(sampleKey)
		b.Fingerprint()
	})
}

// sampleSend returns a Send indication.
func sampleSend(peer netip.AddrPort, data []byte) []byte {
	var b wire.Builder
	b.Indication(wire.MethodSend, sampleID)
	b.XORPeerAddress(peer)
	b.Data(data)
	return b.Bytes()
}

// sampleCreatePermission returns a request with two peers.
func sampleCreatePermission() []byte {
	return request(wire.MethodCreatePermission, func(b *wire.Builder) {
		b.XORPeerAddress(samplePeer)
		b.XORPeerAddress(samplePeer6)
		b.Username("alice")
		b.Realm("example.org")
		b.Nonce([]byte("nonce"))
		b.SignSHA256(sampleKey)
	})
}

// sampleEverything returns a message with every attribute that a Builder writes.
func sampleEverything() []byte {
	return request(wire.MethodAllocate, func(b *wire.Builder) {
		b.MappedAddress(samplePeer)
		b.XORMappedAddress(samplePeer6)
		b.XORRelayedAddress(samplePeer)
		b.XORPeerAddress(samplePeer6)
		b.AlternateServer(samplePeer6)
		b.AlternateDomain("turn.example.org")
		b.Lifetime(time.Hour)
		b.RequestedTransport(wire.ProtocolUDP)
		b.RequestedFamily(wire.FamilyIPv4)
		b.AdditionalFamily(wire.FamilyIPv6)
		b.EvenPort(true)
		b.DontFragment()
		b.ReservationToken([8]byte{1, 2, 3, 4, 5, 6, 7, 8})
		b.ChannelNumber(0x4001)
		b.Data([]byte("hello"))
		b.ICMP(wire.ICMP{Type: 3, Code: 4, Data: 1280})
		b.ErrorCode(486)
		b.AddressErrorCode(wire.FamilyIPv6, 440)
		b.UnknownAttributes([]wire.AttrType{0x7777, 0x0003, 0x1234})
		b.Username("alice")
		b.UserHash(wire.UserHash("alice", "example.org"))
		b.Realm("example.org")
		b.Nonce([]byte("a nonce"))
		b.Software("Fairlead")
		b.PasswordAlgorithms(wire.PasswordAlgorithmSHA256, wire.PasswordAlgorithmMD5)
		b.PasswordAlgorithm(wire.PasswordAlgorithmSHA256)
		b.Sign(sampleKey)
		b.SignSHA256(sampleKey)
		b.Fingerprint()
	})
}

// rawAttribute appends an attribute byte by byte, zero padding included.
func rawAttribute(b []byte, t wire.AttrType, value ...byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(t))
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// rawMessage returns a message of the given type around attributes.
func rawMessage(typ uint16, attributes []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(len(attributes)))
	b = binary.BigEndian.AppendUint32(b, wire.MagicCookie)
	b = append(b, sampleID[:]...)
	return append(b, attributes...)
}

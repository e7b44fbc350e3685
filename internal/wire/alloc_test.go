//go:build !race

package wire_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
)

// The race detector allocates on its own, so these tests are not built with it.

func TestNothingAllocates(t *testing.T) {
	allocate, permission := sampleAllocate(), sampleCreatePermission()
	everything := sampleEverything()
	unknown := rawMessage(bindingRequest, rawAttribute(rawAttribute(nil, 0x7777), 0x7778))
	send := sampleSend(samplePeer6, make([]byte, 1200))
	channel := append([]byte{0x40, 0, 4, 0xB0}, make([]byte, 1200)...)
	data := dirty(make([]byte, 1201))
	nonce := []byte("a nonce of some length, as servers have")

	var m, other wire.Message
	var b wire.Builder
	peers := make([]netip.AddrPort, 0, 8)
	types := make([]wire.AttrType, 0, 16)
	tests := []struct {
		name string
		run  func()
	}{
		{"Walk", func() { m.Walk(everything) }},
		{"Walk of a bad message", func() { m.Walk(everything[:len(everything)-4]) }},
		{"getters", func() {
			m.Walk(allocate)
			_, _, _ = m.Lifetime()
			_, _, _ = m.RequestedTransport()
			_, _, _ = m.Username()
			_, _, _ = m.EvenPort()
			_, _, _ = m.XORPeerAddress()
			_, _ = m.Get(0xC001)
			_ = m.Integrity()
		}},
		{"XORPeerAddresses", func() { m.Walk(permission); peers, _ = m.XORPeerAddresses(peers[:0]) }},
		{"UnknownRequired", func() { m.Walk(unknown); types = m.UnknownRequired(types[:0]) }},
		{"CheckIntegrity", func() { m.Walk(allocate); m.CheckIntegrity(sampleKey) }},
		{"CheckIntegritySHA256", func() { m.Walk(permission); m.CheckIntegritySHA256(sampleKey) }},
		{"Classify", func() { wire.Classify(allocate) }},
		{"ParseSend", func() { wire.ParseSend(send) }},
		{"ParseChannelData", func() { wire.ParseChannelData(channel) }},
		{"PutChannelHeader", func() { wire.PutChannelHeader(channel, 0x4001, 1200) }},
		{"PutData IPv4", func() { wire.PutData(data, wire.Headroom, 1201, samplePeer, &sampleID) }},
		{"PutData IPv6", func() { wire.PutData(data, wire.Headroom, 1201, samplePeer6, &sampleID) }},
		{"success response", func() {
			other.Walk(allocate)
			b.Answer(&other, wire.ClassSuccess)
			b.XORRelayedAddress(samplePeer)
			b.XORMappedAddress(samplePeer6)
			b.Lifetime(time.Hour)
			b.Software("Fairlead")
			b.Sign(sampleKey)
			b.SignSHA256(sampleKey)
			b.Fingerprint()
		}},
		{"401", func() {
			other.Walk(allocate)
			b.Answer(&other, wire.ClassError)
			b.ErrorCode(401)
			b.Realm("a realm that is longer than thirty-two bytes")
			b.Nonce(nonce)
			b.PasswordAlgorithms(wire.PasswordAlgorithmSHA256, wire.PasswordAlgorithmMD5)
			b.UnknownAttributes(types)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := testing.AllocsPerRun(100, test.run); got != 0 {
				t.Errorf("got %v allocations, want 0", got)
			}
		})
	}
}

package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestParseSend(t *testing.T) {
	for _, peer := range []netip.AddrPort{samplePeer, samplePeer6, netip.MustParseAddrPort("[::ffff:127.0.0.1]:80")} {
		for _, size := range []int{0, 1, 2, 3, 4, 1200, 65_000} {
			t.Run(fmt.Sprintf("peer=%v/size=%d", peer, size), func(t *testing.T) {
				data := bytes.Repeat([]byte{0xDA}, size)
				b := sampleSend(peer, data)
				s, reason := wire.ParseSend(b)
				if reason != wire.OK || peerOf(s) != peer || s.DontFragment {
					t.Fatalf("got %+v, %v, want peer %v, ok", s, reason, peer)
				}
				if got := b[s.Off : s.Off+s.N]; !bytes.Equal(got, data) {
					t.Errorf("got data %x, want %x", got, data)
				}
			})
		}
	}
}

// peerOf is the peer of an indication in the family of its attribute.
func peerOf(s wire.SendIndication) netip.AddrPort {
	ip := netip.AddrFrom16(s.PeerIP)
	if s.PeerFamily == wire.FamilyIPv4 {
		ip = ip.Unmap()
	}
	return netip.AddrPortFrom(ip, s.PeerPort)
}

func TestParseSendReason(t *testing.T) {
	peer := []byte{0, 1, 0, 0, 1, 2, 3, 4}
	type attribute struct {
		attr  wire.AttrType
		value []byte
	}
	tests := []struct {
		name       string
		attributes []attribute
		want       wire.Reason
	}{
		{"complete", []attribute{{wire.AttrXORPeerAddress, peer}, {wire.AttrData, nil}}, wire.OK},
		{"other order", []attribute{{wire.AttrData, nil}, {wire.AttrXORPeerAddress, peer}}, wire.OK},
		{"optional unknown", []attribute{{wire.AttrXORPeerAddress, peer}, {0xC001, peer}, {wire.AttrData, nil}}, wire.OK},
		{"known and useless", []attribute{{wire.AttrLifetime, peer}, {wire.AttrXORPeerAddress, peer}, {wire.AttrData, nil}}, wire.OK},
		{"nothing", nil, wire.ReasonMissingAttribute},
		{"no peer", []attribute{{wire.AttrData, peer}}, wire.ReasonMissingAttribute},
		{"no data", []attribute{{wire.AttrXORPeerAddress, peer}}, wire.ReasonMissingAttribute},
		{"data behind integrity", []attribute{{wire.AttrXORPeerAddress, peer}, {wire.AttrMessageIntegrity, make([]byte, 20)}, {wire.AttrData, nil}}, wire.ReasonMissingAttribute},
		{"peer behind integrity", []attribute{{wire.AttrData, nil}, {wire.AttrMessageIntegritySHA256, make([]byte, 32)}, {wire.AttrXORPeerAddress, peer}}, wire.ReasonMissingAttribute},
		{"empty peer", []attribute{{wire.AttrXORPeerAddress, nil}, {wire.AttrXORPeerAddress, peer}, {wire.AttrData, nil}}, wire.ReasonMalformedAttribute},
		{"peer of wrong length", []attribute{{wire.AttrXORPeerAddress, peer[:7]}, {wire.AttrData, nil}}, wire.ReasonMalformedAttribute},
		{"peer of family 3", []attribute{{wire.AttrXORPeerAddress, []byte{0, 3, 0, 0, 1, 2, 3, 4}}, {wire.AttrData, nil}}, wire.ReasonMalformedAttribute},
		{"unknown required", []attribute{{wire.AttrXORPeerAddress, peer}, {wire.AttrData, nil}, {0x7777, nil}}, wire.ReasonUnknownAttribute},
		{"unknown required behind integrity", []attribute{{wire.AttrXORPeerAddress, peer}, {wire.AttrData, nil}, {wire.AttrMessageIntegrity, nil}, {0x7777, nil}}, wire.OK},
		{"fingerprint", []attribute{{wire.AttrXORPeerAddress, peer}, {wire.AttrData, nil}, {wire.AttrFingerprint, peer[:4]}}, wire.ReasonFingerprint},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b []byte
			for _, a := range test.attributes {
				b = rawAttribute(b, a.attr, a.value...)
			}
			if _, got := wire.ParseSend(rawMessage(sendIndication, b)); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestParseSendFirstCounts(t *testing.T) {
	b := rawAttribute(nil, wire.AttrXORPeerAddress, 0, 1, 0x21, 0x12^0x50, 0x21^192, 0x12, 0xA4^2, 0x42^1)
	b = rawAttribute(b, wire.AttrData, 'o', 'n', 'e')
	b = rawAttribute(b, wire.AttrXORPeerAddress, 0, 1, 0, 0, 0, 0, 0, 0)
	b = rawAttribute(b, wire.AttrData, 't', 'w', 'o')
	b = rawAttribute(b, wire.AttrDontFragment)
	message := rawMessage(sendIndication, b)
	s, reason := wire.ParseSend(message)
	if reason != wire.OK || peerOf(s) != netip.MustParseAddrPort("192.0.2.1:80") || string(message[s.Off:s.Off+s.N]) != "one" {
		t.Errorf("got %+v, %v, want 192.0.2.1:80 and the first data", s, reason)
	}
	if !s.DontFragment {
		t.Error("got no DONT-FRAGMENT, want it")
	}
}

func TestParseSendFingerprint(t *testing.T) {
	var b wire.Builder
	b.Indication(wire.MethodSend, sampleID)
	b.XORPeerAddress(samplePeer)
	b.Data([]byte("data"))
	b.Fingerprint()
	if _, reason := wire.ParseSend(b.Bytes()); reason != wire.OK {
		t.Errorf("got %v, want ok", reason)
	}
	b.Bytes()[30] ^= 1
	if _, reason := wire.ParseSend(b.Bytes()); reason != wire.ReasonFingerprint {
		t.Errorf("got %v for a changed message, want fingerprint", reason)
	}
}

func TestParseSendTruncatedAtEveryByte(t *testing.T) {
	whole := sampleSend(samplePeer6, []byte("some data"))
	for n := range whole {
		if _, reason := wire.ParseSend(whole[:n]); reason == wire.OK {
			t.Errorf("got ok for %d of %d bytes, want a reason", n, len(whole))
		}
		if n < wire.HeaderSize {
			continue
		}
		cut := bytes.Clone(whole[:n])
		binary.BigEndian.PutUint16(cut[2:], uint16(n-wire.HeaderSize))
		if _, reason := wire.ParseSend(cut); reason == wire.OK {
			t.Errorf("got ok for %d of %d bytes with a corrected length, want a reason", n, len(whole))
		}
	}
}

func TestIsSend(t *testing.T) {
	if !wire.IsSend(sampleSend(samplePeer, nil)) {
		t.Error("got false for a Send indication, want true")
	}
	for name, b := range map[string][]byte{
		"Binding":       rawMessage(bindingRequest, nil),
		"Data":          rawMessage(0x0017, nil),
		"Send request":  rawMessage(0x0006, nil),
		"header cut":    rawMessage(sendIndication, nil)[:19],
		"empty":         nil,
		"ChannelData":   {0x40, 0x16, 0, 0},
		"wrong top bit": rawMessage(0x8016, nil),
	} {
		if wire.IsSend(b) {
			t.Errorf("%s: got true, want false", name)
		}
	}
	if _, reason := wire.ParseSend(rawMessage(bindingRequest, nil)); reason != wire.ReasonType {
		t.Errorf("got %v from ParseSend of a Binding request, want type", reason)
	}
}

package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/stun/v3"
)

const (
	bindingRequest = 0x0001
	sendIndication = 0x0016
)

func TestWalkReason(t *testing.T) {
	good := rawMessage(bindingRequest, nil)
	change := func(at int, value ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], value)
		return b
	}
	fingerprinted := request(wire.MethodBinding, func(b *wire.Builder) { b.Fingerprint() })
	wrongCRC := bytes.Clone(fingerprinted)
	wrongCRC[len(wrongCRC)-1] ^= 1
	// The CRC of this one is right; only its place is wrong.
	notLast := rawMessage(bindingRequest, rawAttribute(rawAttribute(nil, wire.AttrFingerprint, 0, 0, 0, 0), wire.AttrSoftware, 'x'))
	binary.BigEndian.PutUint32(notLast[24:], stun.FingerprintValue(notLast[:20]))

	tests := []struct {
		name    string
		message []byte
		want    wire.Reason
	}{
		{"no attributes", good, wire.OK},
		{"empty", nil, wire.ReasonShort},
		{"header cut", good[:19], wire.ReasonShort},
		{"first bit", change(0, 0x80), wire.ReasonType},
		{"second bit", change(0, 0x40), wire.ReasonType},
		{"cookie", change(4, 0x21, 0x12, 0xA4, 0x43), wire.ReasonCookie},
		{"classic STUN", change(4, 0, 0, 0, 0), wire.ReasonCookie},
		{"length odd", append(change(2, 0, 1), 0), wire.ReasonLength},
		{"length two", append(change(2, 0, 2), 0, 0), wire.ReasonLength},
		{"length too large", change(2, 0, 4), wire.ReasonLength},
		{"length too small", append(bytes.Clone(good), 0, 0, 0, 0), wire.ReasonLength},
		{"length 0xFFFC", change(2, 0xFF, 0xFC), wire.ReasonLength},
		{"length 0xFFFD", change(2, 0xFF, 0xFD), wire.ReasonLength},
		{"length 0xFFFE", change(2, 0xFF, 0xFE), wire.ReasonLength},
		{"length 0xFFFF", change(2, 0xFF, 0xFF), wire.ReasonLength},
		{"attribute longer than message", rawMessage(bindingRequest, []byte{0x80, 0x22, 0, 5, 1, 2, 3, 4}), wire.ReasonTruncatedAttribute},
		{"attribute of 0xFFFF", rawMessage(bindingRequest, []byte{0x80, 0x22, 0xFF, 0xFF}), wire.ReasonTruncatedAttribute},
		{"attribute of 0xFFFC", rawMessage(bindingRequest, []byte{0x80, 0x22, 0xFF, 0xFC}), wire.ReasonTruncatedAttribute},
		{"empty attribute at the end", rawMessage(bindingRequest, []byte{0x80, 0x22, 0, 0}), wire.OK},
		{"fingerprint", fingerprinted, wire.OK},
		{"fingerprint with wrong CRC", wrongCRC, wire.ReasonFingerprint},
		{"fingerprint not last", notLast, wire.ReasonFingerprint},
		{"fingerprint of wrong size", rawMessage(bindingRequest, rawAttribute(nil, wire.AttrFingerprint, 1, 2, 3)), wire.ReasonFingerprint},
		{"fingerprint cut", rawMessage(bindingRequest, []byte{0x80, 0x28, 0, 4}), wire.ReasonTruncatedAttribute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := new(wire.Message).Walk(test.message); got != test.want {
				t.Errorf("got %v, want %v: %x", got, test.want, test.message)
			}
		})
	}
}

func TestWalkLongestMessage(t *testing.T) {
	// 0xFFFC bytes of attributes are the most that a header can announce.
	value := make([]byte, 0xFFFC-4)
	b := rawMessage(bindingRequest, rawAttribute(nil, wire.AttrSoftware, value...))
	m := walk(t, b)
	if got, _ := m.Get(wire.AttrSoftware); len(got) != len(value) {
		t.Errorf("got %d bytes, want %d", len(got), len(value))
	}
	if _, _, err := m.Software(); err == nil {
		t.Error("got no error for a SOFTWARE of 65,528 bytes, want one")
	}
}

func TestWalkTruncatedAtEveryByte(t *testing.T) {
	for name, whole := range map[string][]byte{
		"allocate": sampleAllocate(), "everything": sampleEverything(), "send": sampleSend(samplePeer, []byte("data")),
	} {
		for n := range whole {
			if r := new(wire.Message).Walk(whole[:n]); r == wire.OK {
				t.Errorf("%s: got ok for %d of %d bytes, want a reason", name, n, len(whole))
			}
			// With the length corrected the bounds of the attributes must hold.
			if n < wire.HeaderSize {
				continue
			}
			cut := bytes.Clone(whole[:n])
			binary.BigEndian.PutUint16(cut[2:], uint16(n-wire.HeaderSize))
			var m wire.Message
			if m.Walk(cut) == wire.OK && n%4 != 0 {
				t.Errorf("%s: got ok for %d bytes, want a multiple of four", name, n)
			}
		}
	}
}

func TestMethodAndClass(t *testing.T) {
	tests := []struct {
		typ    uint16
		method wire.Method
		class  wire.Class
	}{
		{0x0001, wire.MethodBinding, wire.ClassRequest},
		{0x0101, wire.MethodBinding, wire.ClassSuccess},
		{0x0111, wire.MethodBinding, wire.ClassError},
		{0x0003, wire.MethodAllocate, wire.ClassRequest},
		{0x0104, wire.MethodRefresh, wire.ClassSuccess},
		{0x0016, wire.MethodSend, wire.ClassIndication},
		{0x0017, wire.MethodData, wire.ClassIndication},
		{0x0118, wire.MethodCreatePermission, wire.ClassError},
		{0x0009, wire.MethodChannelBind, wire.ClassRequest},
		{0x000A, wire.MethodConnect, wire.ClassRequest},
		{0x000B, wire.MethodConnectionBind, wire.ClassRequest},
		{0x001C, wire.MethodConnectionAttempt, wire.ClassIndication},
		{0x3FFF, 0xFFF, wire.ClassError},
	}
	for _, test := range tests {
		m := walk(t, rawMessage(test.typ, nil))
		if m.Method != test.method || m.Class != test.class {
			t.Errorf("0x%04X: got %v %v, want %v %v", test.typ, m.Method, m.Class, test.method, test.class)
		}
		if m.TransactionID != sampleID {
			t.Errorf("got transaction id %x, want %x", m.TransactionID, sampleID)
		}
		var b wire.Builder
		b.Answer(m, test.class)
		if got := binary.BigEndian.Uint16(b.Bytes()); got != test.typ {
			t.Errorf("%v %v: got type 0x%04X, want 0x%04X", test.method, test.class, got, test.typ)
		}
	}
}

func TestFirstOfEqualAttributesCounts(t *testing.T) {
	first, second := samplePeer, netip.MustParseAddrPort("127.0.0.1:80")
	m := walk(t, request(wire.MethodChannelBind, func(b *wire.Builder) {
		b.XORPeerAddress(first)
		b.XORPeerAddress(second)
		b.ChannelNumber(0x4001)
		b.ChannelNumber(0x4002)
		b.Attribute(0xC001, []byte("vendor one"))
		b.Attribute(0xC001, []byte("vendor two"))
	}))
	if got, _, _ := m.XORPeerAddress(); got != first {
		t.Errorf("got peer %v, want %v", got, first)
	}
	if got, _, _ := m.ChannelNumber(); got != 0x4001 {
		t.Errorf("got channel 0x%04X, want 0x4001", got)
	}
	if got, ok := m.Get(0xC001); !ok || string(got) != "vendor one" {
		t.Errorf("got %q, want vendor one", got)
	}
	all, err := m.XORPeerAddresses(nil)
	if diff := cmp.Diff([]netip.AddrPort{first, second}, all, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" || err != nil {
		t.Errorf("got error %v, addresses -want +got:\n%s", err, diff)
	}
}

func TestAttributesBehindIntegrityAreIgnored(t *testing.T) {
	sha1Sum, sha256Sum := make([]byte, 20), make([]byte, 32)
	tests := []struct {
		name      string
		order     []wire.AttrType
		integrity wire.Integrity
	}{
		{"behind MESSAGE-INTEGRITY", []wire.AttrType{wire.AttrMessageIntegrity}, wire.IntegritySHA1},
		{"behind SHA256 alone", []wire.AttrType{wire.AttrMessageIntegritySHA256}, wire.IntegritySHA256},
		{"behind both", []wire.AttrType{wire.AttrMessageIntegrity, wire.AttrMessageIntegritySHA256}, wire.IntegritySHA256},
		{"behind both, second SHA-1", []wire.AttrType{wire.AttrMessageIntegritySHA256, wire.AttrMessageIntegrity}, wire.IntegritySHA256},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := rawAttribute(nil, wire.AttrUsername, 'a')
			for _, attr := range test.order {
				if attr == wire.AttrMessageIntegrity {
					b = rawAttribute(b, attr, sha1Sum...)
				} else {
					b = rawAttribute(b, attr, sha256Sum...)
				}
			}
			b = rawAttribute(b, wire.AttrUsername, 'b')
			b = rawAttribute(b, wire.AttrLifetime, 0, 0, 0, 0)
			b = rawAttribute(b, wire.AttrXORPeerAddress, 0, 1, 0, 0, 1, 2, 3, 4)
			b = rawAttribute(b, 0x7777)
			b = rawAttribute(b, 0xC001)
			m := walk(t, rawMessage(bindingRequest, b))
			if got, _, _ := m.Username(); string(got) != "a" {
				t.Errorf("got username %q, want a", got)
			}
			for _, attr := range []wire.AttrType{wire.AttrLifetime, wire.AttrXORPeerAddress, 0x7777, 0xC001} {
				if m.Has(attr) {
					t.Errorf("got %v, want it ignored", attr)
				}
			}
			if peers, err := m.XORPeerAddresses(nil); len(peers) != 0 || err != nil {
				t.Errorf("got peers %v, %v, want none", peers, err)
			}
			if unknown := m.UnknownRequired(nil); len(unknown) != 0 {
				t.Errorf("got unknown %v, want none", unknown)
			}
			if got := m.Integrity(); got != test.integrity {
				t.Errorf("got integrity %v, want %v", got, test.integrity)
			}
			if test.name == "behind both, second SHA-1" && m.Has(wire.AttrMessageIntegrity) {
				t.Error("got the MESSAGE-INTEGRITY behind SHA256, want it ignored")
			}
		})
	}
}

func TestUnknownRequired(t *testing.T) {
	var attributes []byte
	for _, attr := range []wire.AttrType{0x7FFF, wire.AttrChangeRequest, 0x8055, wire.AttrLifetime, 0x7FFF, 0x0000, 0xC001} {
		attributes = rawAttribute(attributes, attr)
	}
	m := walk(t, rawMessage(bindingRequest, attributes))
	want := []wire.AttrType{0x1234, 0x7FFF, wire.AttrChangeRequest, 0x0000}
	if diff := cmp.Diff(want, m.UnknownRequired([]wire.AttrType{0x1234})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	attributes = nil
	for i := range 1000 {
		attributes = rawAttribute(attributes, wire.AttrType(0x4000+i))
	}
	m = walk(t, rawMessage(bindingRequest, attributes))
	if got := m.UnknownRequired(nil); len(got) != 16 || got[15] != 0x400F {
		t.Errorf("got %d types, want the first 16: %v", len(got), got)
	}
}

func TestWalkForgetsTheMessageBefore(t *testing.T) {
	var m wire.Message
	if r := m.Walk(sampleEverything()); r != wire.OK {
		t.Fatalf("got %v, want ok", r)
	}
	if r := m.Walk(rawMessage(bindingRequest, nil)); r != wire.OK {
		t.Fatalf("got %v, want ok", r)
	}
	for t16 := range 0x10000 {
		if m.Has(wire.AttrType(t16)) {
			t.Errorf("got %v in an empty message, want none", wire.AttrType(t16))
		}
	}
	if m.Integrity() != wire.IntegrityNone || m.HasFingerprint() {
		t.Error("got protection in an empty message, want none")
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		wire.AttrType(0x7ABC).String():                            "0x7ABC",
		wire.Method(0xABC).String():                               "Method(0xABC)",
		wire.Class(9).String():                                    "Class(9)",
		wire.ReasonTruncatedAttribute.String():                    "truncated_attribute",
		wire.Reason(200).String():                                 "invalid",
		wire.MalformedError{Attribute: wire.AttrLifetime}.Error(): "malformed LIFETIME",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	seen := map[string]bool{}
	for r := range wire.NumReasons {
		name := wire.Reason(r).String()
		if name == "" || seen[name] {
			t.Errorf("got name %q for reason %d, want a new one", name, r)
		}
		seen[name] = true
	}
	for c := range wire.Class(4) {
		if got, want := c.String(), stun.MessageClass(c).String(); got != want {
			t.Errorf("got class %q, want %q", got, want)
		}
	}
	for m := wire.MethodBinding; m <= wire.MethodConnectionAttempt; m++ {
		// pion/stun spells two methods in lower case.
		got, want := m.String(), stun.Method(m).String()
		if !strings.HasPrefix(want, "0x") && !strings.EqualFold(got, strings.ReplaceAll(want, " ", "")) {
			t.Errorf("got method %q, want %q", got, want)
		}
	}
	for i := range 0x10000 {
		ours, theirs := wire.AttrType(i), stun.AttrType(i)
		if ours.String() != fmt.Sprintf("0x%04X", i) && theirs.Known() && ours.String() != theirs.String() {
			t.Errorf("got attribute 0x%04X %q, want %q", i, ours, theirs)
		}
	}
}

func TestExtensionNames(t *testing.T) {
	for attr, want := range map[wire.AttrType]string{
		wire.AttrAdditionalAddressFamily: "ADDITIONAL-ADDRESS-FAMILY",
		wire.AttrAddressErrorCode:        "ADDRESS-ERROR-CODE",
		wire.AttrICMP:                    "ICMP",
		wire.AttrChangeRequest:           "CHANGE-REQUEST",
		wire.AttrAccessToken:             "ACCESS-TOKEN",
		wire.AttrPadding:                 "PADDING",
		wire.AttrResponsePort:            "RESPONSE-PORT",
		wire.AttrResponseOrigin:          "RESPONSE-ORIGIN",
		wire.AttrOtherAddress:            "OTHER-ADDRESS",
		wire.AttrThirdPartyAuthorization: "THIRD-PARTY-AUTHORIZATION",
		wire.AttrMobilityTicket:          "MOBILITY-TICKET",
		wire.AttrAdditionalFamilyDraft:   "ADDITIONAL-ADDRESS-FAMILY (draft)",
	} {
		if got := attr.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

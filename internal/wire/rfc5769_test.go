package wire_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// unhex decodes hex digits between which there may be white space.
func unhex(tb testing.TB, digits string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		tb.Fatalf("got %v from a test vector, want hex digits", err)
	}
	return b
}

// walk parses a message that must be good.
func walk(tb testing.TB, b []byte) *wire.Message {
	tb.Helper()
	var m wire.Message
	if r := m.Walk(b); r != wire.OK {
		tb.Fatalf("got %v from Walk, want ok: %x", r, b)
	}
	return &m
}

// The messages of RFC 5769 sections 2.1 to 2.4 and RFC 8489 appendix B.1.
const (
	rfc5769Request = `00010058 2112a442 b7e7a701bc34d686fa87dfae
		80220010 5354554e207465737420636c69656e74
		00240004 6e0001ff
		80290008 932ff9b151263b36
		00060009 6576746a3a68367659202020
		00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
		80280004 e57a3bcf`
	rfc5769ResponseIPv4 = `0101003c 2112a442 b7e7a701bc34d686fa87dfae
		8022000b 7465737420766563746f7220
		00200008 0001a147e112a643
		00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
		80280004 c07d4c96`
	rfc5769ResponseIPv6 = `01010048 2112a442 b7e7a701bc34d686fa87dfae
		8022000b 7465737420766563746f7220
		00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
		00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
		80280004 c8fb0b4c`
	rfc5769LongTerm = `00010060 2112a442 78ad3433c6ad72c029da412e
		00060012 e3839ee38388e383aae38383e382afe382b90000
		0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
		0014000b 6578616d706c652e6f726700
		00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666`
	rfc8489LongTermSHA256 = `0001009c 2112a442 78ad3433c6ad72c029da412e
		001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
		00150029 6f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341000000
		0014000b 6578616d706c652e6f726700
		001c0020 e4686c8f0edeb59013e07090010a93efccbccc544c0a45d9f830aa6d6f735a01`
)

const (
	vectorPassword = "VOkJxbRl1RmTxUk/WvJxBt"
	vectorUser     = "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9"
	vectorRealm    = "example.org"
)

func TestRFC5769(t *testing.T) {
	longTerm := md5.Sum([]byte(vectorUser + ":" + vectorRealm + ":TheMatrIX"))
	tests := []struct {
		name        string
		message     string
		class       wire.Class
		key         []byte
		fingerprint bool
		mapped      string
		text        map[wire.AttrType]string
	}{
		{
			name: "2.1 request", message: rfc5769Request, class: wire.ClassRequest,
			key: []byte(vectorPassword), fingerprint: true,
			text: map[wire.AttrType]string{wire.AttrSoftware: "STUN test client", wire.AttrUsername: "evtj:h6vY"},
		},
		{
			name: "2.2 IPv4 response", message: rfc5769ResponseIPv4, class: wire.ClassSuccess,
			key: []byte(vectorPassword), fingerprint: true, mapped: "192.0.2.1:32853",
			text: map[wire.AttrType]string{wire.AttrSoftware: "test vector"},
		},
		{
			name: "2.3 IPv6 response", message: rfc5769ResponseIPv6, class: wire.ClassSuccess,
			key: []byte(vectorPassword), fingerprint: true,
			mapped: "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
			text:   map[wire.AttrType]string{wire.AttrSoftware: "test vector"},
		},
		{
			name: "2.4 long-term request", message: rfc5769LongTerm, class: wire.ClassRequest,
			key: longTerm[:],
			text: map[wire.AttrType]string{
				wire.AttrUsername: vectorUser,
				wire.AttrRealm:    vectorRealm,
				wire.AttrNonce:    "f//499k954d6OL34oL9FSTvy64sA",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := walk(t, unhex(t, test.message))
			if m.Method != wire.MethodBinding || m.Class != test.class {
				t.Errorf("got %v %v, want Binding %v", m.Method, m.Class, test.class)
			}
			if got := m.HasFingerprint(); got != test.fingerprint {
				t.Errorf("got fingerprint %v, want %v", got, test.fingerprint)
			}
			if got := m.Integrity(); got != wire.IntegritySHA1 {
				t.Errorf("got integrity %v, want SHA-1", got)
			}
			if !m.CheckIntegrity(test.key) {
				t.Error("got a wrong MESSAGE-INTEGRITY, want a right one")
			}
			if m.CheckIntegrity([]byte("another key")) || m.CheckIntegritySHA256(test.key) {
				t.Error("got integrity with another key or kind, want none")
			}
			for attr, want := range test.text {
				if got, ok := m.Get(attr); !ok || string(got) != want {
					t.Errorf("got %v %q, want %q", attr, got, want)
				}
			}
			mapped, present, err := m.XORMappedAddress()
			if err != nil || present != (test.mapped != "") {
				t.Fatalf("got XOR-MAPPED-ADDRESS present %v, error %v", present, err)
			}
			if present && mapped != netip.MustParseAddrPort(test.mapped) {
				t.Errorf("got %v, want %v", mapped, test.mapped)
			}
		})
	}
}

func TestRFC5769RequestHasUnknownAttribute(t *testing.T) {
	// PRIORITY belongs to ICE, which a TURN server does not speak.
	m := walk(t, unhex(t, rfc5769Request))
	got := m.UnknownRequired(nil)
	if len(got) != 1 || got[0] != 0x0024 {
		t.Errorf("got %v, want [0x0024]", got)
	}
}

// The vector of RFC 8489 appendix B.1 has a header length of 0x9C where 0x88
// belongs: it counts the header's own 20 bytes, and the printed HMAC is made over
// that length. As printed it is refused; the test shows that the printed HMAC
// follows from the key and that length, then corrects both.
func TestRFC8489AppendixB1(t *testing.T) {
	const integritySize = 4 + sha256.Size
	b := unhex(t, rfc8489LongTermSHA256)
	if got := new(wire.Message).Walk(b); got != wire.ReasonLength {
		t.Errorf("got %v for the vector as printed, want length", got)
	}
	key := sha256.Sum256([]byte(vectorUser + ":" + vectorRealm + ":TheMatrIX"))
	text, printed := b[:len(b)-integritySize], b[len(b)-sha256.Size:]
	if got := hmacSHA256(key[:], text); !bytes.Equal(got, printed) {
		t.Fatalf("got HMAC %x, want the printed %x", got, printed)
	}
	binary.BigEndian.PutUint16(b[2:], 0x88)
	copy(printed, hmacSHA256(key[:], text))

	m := walk(t, b)
	hash, present, err := m.UserHash()
	if want := wire.UserHash(vectorUser, vectorRealm); hash != want || !present || err != nil {
		t.Errorf("got USERHASH %x, %v, %v, want %x", hash, present, err, want)
	}
	if got, _, _ := m.Nonce(); string(got) != "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA" {
		t.Errorf("got NONCE %q", got)
	}
	if got, _, _ := m.Realm(); string(got) != vectorRealm {
		t.Errorf("got REALM %q, want %q", got, vectorRealm)
	}
	if got := m.Integrity(); got != wire.IntegritySHA256 {
		t.Errorf("got integrity %v, want SHA-256", got)
	}
	if !m.CheckIntegritySHA256(key[:]) || m.CheckIntegrity(key[:]) {
		t.Error("got another verdict than a right SHA-256 and no SHA-1")
	}
}

func hmacSHA256(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

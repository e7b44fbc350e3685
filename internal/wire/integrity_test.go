package wire_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// referenceMAC computes an integrity value with crypto/hmac, over the message in
// front of the attribute whose header is at end.
func referenceMAC(newHash func() hash.Hash, key, message []byte, end int) []byte {
	h := hmac.New(newHash, key)
	text := bytes.Clone(message[:end])
	binary.BigEndian.PutUint16(text[2:], uint16(end-wire.HeaderSize+4+h.Size()))
	h.Write(text)
	return h.Sum(nil)
}

func TestIntegrityAgreesWithCryptoHMAC(t *testing.T) {
	for _, size := range []int{0, 1, 16, 20, 32, 63, 64, 65, 200} {
		key := bytes.Repeat([]byte{0xA5}, size)
		b := request(wire.MethodRefresh, func(b *wire.Builder) {
			b.Username("alice")
			b.Sign(key)
			b.SignSHA256(key)
			b.Fingerprint()
		})
		short := len(b) - 8 - 36 - 24
		long := len(b) - 8 - 36
		if got, want := b[short+4:long], referenceMAC(sha1.New, key, b, short); !bytes.Equal(got, want) {
			t.Errorf("key of %d bytes: got SHA-1 %x, want %x", size, got, want)
		}
		if got, want := b[long+4:len(b)-8], referenceMAC(sha256.New, key, b, long); !bytes.Equal(got, want) {
			t.Errorf("key of %d bytes: got SHA-256 %x, want %x", size, got, want)
		}
		m := walk(t, b)
		if !m.CheckIntegrity(key) || !m.CheckIntegritySHA256(key) {
			t.Errorf("key of %d bytes: got a wrong integrity, want a right one", size)
		}
	}
}

func TestIntegrityCoversEveryByte(t *testing.T) {
	b := request(wire.MethodRefresh, func(b *wire.Builder) {
		b.Username("alice")
		b.Sign(sampleKey)
		b.SignSHA256(sampleKey)
	})
	shortEnd := len(b) - 36
	for i := range b {
		b[i] ^= 0x01
		var m wire.Message
		if m.Walk(b) == wire.OK {
			if i < shortEnd && m.CheckIntegrity(sampleKey) {
				t.Errorf("byte %d changed: got a right MESSAGE-INTEGRITY, want a wrong one", i)
			}
			if i >= shortEnd && !m.CheckIntegrity(sampleKey) {
				t.Errorf("byte %d changed behind MESSAGE-INTEGRITY: got it wrong, want it right", i)
			}
			if m.CheckIntegritySHA256(sampleKey) {
				t.Errorf("byte %d changed: got a right MESSAGE-INTEGRITY-SHA256, want a wrong one", i)
			}
		}
		b[i] ^= 0x01
	}
}

func TestCheckLeavesTheDatagramAlone(t *testing.T) {
	b := sampleAllocate()
	before := bytes.Clone(b)
	m := walk(t, b)
	m.CheckIntegrity(sampleKey)
	m.CheckIntegritySHA256(sampleKey)
	if !bytes.Equal(b, before) {
		t.Errorf("got %x after the checks, want %x", b, before)
	}
}

func TestIntegrityOfWrongLength(t *testing.T) {
	right := request(wire.MethodRefresh, func(b *wire.Builder) { b.SignSHA256(sampleKey) })
	sum := right[len(right)-32:]
	tests := []struct {
		name string
		attr wire.AttrType
		size int
		want wire.Integrity
	}{
		{"SHA-1 empty", wire.AttrMessageIntegrity, 0, wire.IntegrityMalformed},
		{"SHA-1 short", wire.AttrMessageIntegrity, 19, wire.IntegrityMalformed},
		{"SHA-1", wire.AttrMessageIntegrity, 20, wire.IntegritySHA1},
		{"SHA-1 long", wire.AttrMessageIntegrity, 21, wire.IntegrityMalformed},
		{"SHA-256 empty", wire.AttrMessageIntegritySHA256, 0, wire.IntegrityMalformed},
		{"SHA-256 truncated to 16", wire.AttrMessageIntegritySHA256, 16, wire.IntegrityMalformed},
		{"SHA-256 truncated to 28", wire.AttrMessageIntegritySHA256, 28, wire.IntegrityMalformed},
		{"SHA-256", wire.AttrMessageIntegritySHA256, 32, wire.IntegritySHA256},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := walk(t, rawMessage(0x0004, rawAttribute(nil, test.attr, sum[:min(test.size, 32)]...)))
			if got := m.Integrity(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if test.want == wire.IntegrityMalformed && (m.CheckIntegrity(sampleKey) || m.CheckIntegritySHA256(sampleKey)) {
				t.Error("got a right integrity of wrong length, want a wrong one")
			}
		})
	}
	m := walk(t, request(wire.MethodRefresh, func(b *wire.Builder) {
		b.Attribute(wire.AttrMessageIntegrity, nil)
		b.SignSHA256(sampleKey)
	}))
	if got := m.Integrity(); got != wire.IntegrityMalformed {
		t.Errorf("got %v for a malformed SHA-1 beside a good SHA-256, want malformed", got)
	}
}

func TestNoIntegrity(t *testing.T) {
	m := walk(t, rawMessage(bindingRequest, nil))
	if m.Integrity() != wire.IntegrityNone || m.CheckIntegrity(nil) || m.CheckIntegritySHA256(nil) {
		t.Error("got integrity in an unprotected message, want none")
	}
}

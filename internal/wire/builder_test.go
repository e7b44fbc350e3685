package wire_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/pion/stun/v3"
)

func TestAnswer(t *testing.T) {
	m := walk(t, sampleAllocate())
	var b wire.Builder
	b.Answer(m, wire.ClassError)
	b.ErrorCode(401)
	b.Realm("example.org")
	b.Nonce([]byte("nonce"))
	b.Fingerprint()
	answer := walk(t, b.Bytes())
	if answer.Method != wire.MethodAllocate || answer.Class != wire.ClassError || answer.TransactionID != m.TransactionID {
		t.Errorf("got %v %v %x, want an Allocate error response", answer.Method, answer.Class, answer.TransactionID)
	}
	if _, phrase, _, _ := answer.ErrorCode(); len(phrase) != 0 {
		t.Errorf("got reason phrase %q, want an empty one", phrase)
	}
}

// everyPadding calls visit for each padding byte of a message.
func everyPadding(b []byte, visit func(at int)) {
	for off := wire.HeaderSize; off < len(b); {
		n := int(binary.BigEndian.Uint16(b[off+2:]))
		end := off + 4 + n
		off = off + 4 + (n+3)&^3
		for at := end; at < off; at++ {
			visit(at)
		}
	}
}

func TestPaddingIsZeroInReusedBuffer(t *testing.T) {
	var b wire.Builder
	for round := range 50 {
		b.Request(wire.MethodAllocate, sampleID)
		b.Data(bytes.Repeat([]byte{0xEE}, 400))

		b.Request(wire.MethodAllocate, sampleID)
		b.Username(strings.Repeat("u", round))
		b.Realm(strings.Repeat("r", round/2))
		b.Nonce(bytes.Repeat([]byte{'n'}, round/3))
		b.EvenPort(true)
		b.UnknownAttributes([]wire.AttrType{0x7777})
		b.Sign(sampleKey)
		b.SignSHA256(sampleKey)
		b.Fingerprint()
		padding := 0
		everyPadding(b.Bytes(), func(at int) {
			padding++
			if got := b.Bytes()[at]; got != 0 {
				t.Errorf("round %d: got padding 0x%02X at %d, want 0", round, got, at)
			}
		})
		if padding == 0 {
			t.Errorf("round %d: got no padding, want some", round)
		}
		walk(t, b.Bytes())
	}
}

func TestBuilderRefusesWhatDoesNotFit(t *testing.T) {
	long := strings.Repeat("x", 764)
	for name, add := range map[string]func(b *wire.Builder){
		"username":          func(b *wire.Builder) { b.Username(long) },
		"realm":             func(b *wire.Builder) { b.Realm(long) },
		"software":          func(b *wire.Builder) { b.Software(long) },
		"domain":            func(b *wire.Builder) { b.AlternateDomain(long[:256]) },
		"error code 299":    func(b *wire.Builder) { b.ErrorCode(299) },
		"error code 700":    func(b *wire.Builder) { b.ErrorCode(700) },
		"message too long":  func(b *wire.Builder) { b.Data(make([]byte, 0xFFFC-3)) },
		"no room for more":  func(b *wire.Builder) { b.Data(make([]byte, 0xFFFC-4)); b.DontFragment() },
		"attribute of 64 K": func(b *wire.Builder) { b.Data(make([]byte, 0x10000)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic, want one")
				}
			}()
			request(wire.MethodBinding, add)
		})
	}
	walk(t, request(wire.MethodBinding, func(b *wire.Builder) { b.Data(make([]byte, 0xFFFC-4)) }))
}

func TestUnknownAttributesBeyondTheBound(t *testing.T) {
	types := make([]wire.AttrType, 40)
	for i := range types {
		types[i] = wire.AttrType(0x4000 + i)
	}
	m := walk(t, request(wire.MethodBinding, func(b *wire.Builder) { b.UnknownAttributes(types) }))
	if got, _, err := m.UnknownAttributes(nil); len(got) != len(types) || err != nil {
		t.Errorf("got %d types, %v, want %d", len(got), err, len(types))
	}
}

func TestDecode(t *testing.T) {
	var decoded stun.Message
	b := rawAttribute(nil, wire.AttrUsername, 'a')
	b = rawAttribute(b, wire.AttrMessageIntegrity, make([]byte, 20)...)
	b = rawAttribute(b, wire.AttrLifetime, 0, 0, 0, 0)
	m := walk(t, rawMessage(0x0003, b))
	for range 2 {
		if err := m.Decode(&decoded); err != nil {
			t.Fatalf("got %v, want none", err)
		}
		if got := len(decoded.Attributes); got != 2 {
			t.Errorf("got %d attributes, want USERNAME and MESSAGE-INTEGRITY: %v", got, &decoded)
		}
	}
	m.Raw = m.Raw[:10]
	if err := m.Decode(&decoded); err == nil {
		t.Error("got no error for a cut message, want one")
	}
}

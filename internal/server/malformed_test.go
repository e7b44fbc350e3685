package server_test

import (
	"testing"

	"github.com/pion/stun/v3"
)

func TestMalformedIsSilence(t *testing.T) {
	valid := message(stun.MethodBinding, stun.Fingerprint).Raw
	mutate := func(f func(b []byte) []byte) []byte { return f(append([]byte(nil), valid...)) }
	cases := []struct {
		name     string
		datagram []byte
	}{
		{"empty", nil},
		{"one byte", []byte{0}},
		{"cookie", mutate(func(b []byte) []byte { b[4] ^= 1; return b })},
		{"length too long", mutate(func(b []byte) []byte { b[3] += 4; return b })},
		{"length not a multiple of four", mutate(func(b []byte) []byte { b[3]++; return append(b, 0) })},
		{"fingerprint", mutate(func(b []byte) []byte { b[len(b)-1] ^= 1; return b })},
		{"cut", valid[:len(valid)-1]},
		{"indication", stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw},
		{"success response", stun.MustBuild(stun.TransactionID, stun.BindingSuccess).Raw},
		{"unknown method", message(0x00F).Raw},
		{"DTLS", []byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"ChannelData without allocation", channelData(0x4000, []byte("lost"))},
		{"ChannelData cut", channelData(0x4000, make([]byte, 100))[:50]},
		{"Send without allocation", stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication)).Raw},
	}
	f := start(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dial(t, f.addr, "", "").expectSilence(c.datagram)
		})
	}
}

func TestBinding(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(listen, func(t *testing.T) {
			f := start(t, func(o *options) { o.listen = listen })
			cl := dial(t, f.addr, "", "")
			answer := cl.roundTrip(message(stun.MethodBinding))
			cl.wantCode(answer, 0)
			if got := xorAddr(t, answer, stun.AttrXORMappedAddress); got != cl.addr() {
				t.Errorf("got XOR-MAPPED-ADDRESS %s, want %s", got, cl.addr())
			}
			if answer.Contains(stun.AttrFingerprint) || answer.Contains(stun.AttrSoftware) {
				t.Errorf("got %s, want neither FINGERPRINT nor SOFTWARE unasked", answer)
			}
			marked := cl.roundTrip(message(stun.MethodBinding, stun.Fingerprint))
			if err := stun.Fingerprint.Check(marked); err != nil {
				t.Errorf("answer to a request with FINGERPRINT: %v", err)
			}
			refused := cl.roundTrip(message(stun.MethodBinding, raw(0x7FF0, 1, 2, 3, 4)))
			cl.wantCode(refused, 420)
			if unknown, _ := refused.Get(stun.AttrUnknownAttributes); string(unknown) != "\x7f\xf0" {
				t.Errorf("got UNKNOWN-ATTRIBUTES % x, want 7f f0", unknown)
			}
		})
	}
}

// Answers are no longer than they must be: what a stranger can make us send
// bounds how much an attack on a third party gains. A plain 401 in this realm has
// 68 bytes. RFC 8489 asks for 13 characters more in the nonce and a list of
// algorithms, which has one entry so that it costs no more than 8 bytes.
func TestAnswersToStrangersAreShort(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*options)
		most   int
	}{
		"RFC 8489": {func(*options) {}, 88},
		"RFC 5389": {func(o *options) { o.auth.SecurityFeatures = false }, 68},
	} {
		t.Run(name, func(t *testing.T) {
			cl := dial(t, start(t, test.change).addr, "", "")
			answer := cl.roundTrip(message(stun.MethodAllocate))
			if got := len(answer.Raw); got > test.most {
				t.Errorf("401 has %d bytes, want at most %d", got, test.most)
			}
		})
	}
}

func TestPaddingIsZero(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.challenge()
	answers := []*stun.Message{
		cl.roundTrip(message(stun.MethodAllocate, requestedTransport(17))),
		cl.roundTrip(message(stun.MethodBinding, raw(0x7FF0, 1), raw(0x7FF1, 1), raw(0x7FF2, 1))),
		cl.do(stun.MethodAllocate, requestedTransport(17)),
	}
	for _, answer := range answers {
		for at := 20; at < len(answer.Raw); {
			size := int(answer.Raw[at+2])<<8 | int(answer.Raw[at+3])
			end := at + 4 + size
			for ; end%4 != 0; end++ {
				if answer.Raw[end] != 0 {
					t.Errorf("%s: got padding %#x at %d, want 0", answer.Type, answer.Raw[end], end)
				}
			}
			at = end
		}
	}
}

//go:build e2e

package e2e

import (
	"math/rand/v2"
	"testing"

	"github.com/pion/stun/v3"
)

// prober makes datagrams that no client should send, from those it could.
type prober struct {
	random *rand.Rand
	client *client // has an allocation; lends credentials and addresses
}

// methods are those of RFC 8489, 8656 and 6062, and one that nobody knows.
var methods = []stun.Method{
	stun.MethodBinding, stun.MethodAllocate, stun.MethodRefresh, stun.MethodSend, stun.MethodData,
	stun.MethodCreatePermission, stun.MethodChannelBind, stun.MethodConnect, stun.MethodConnectionBind,
	stun.MethodConnectionAttempt, 0xfff,
}

// datagram returns the next one.
func (p *prober) datagram(t testing.TB) []byte {
	switch p.random.IntN(6) {
	case 0:
		return p.bytes(p.random.IntN(1500))
	case 1:
		return p.damage(p.request(t))
	case 2:
		return p.authenticated(t)
	case 3:
		return p.damage(p.authenticated(t))
	case 4:
		return p.damage(channelData(uint16(0x3ff0+p.random.IntN(0x1020)), p.bytes(p.random.IntN(200))))
	default:
		return p.damage(p.indication(t))
	}
}

// request is a proper message without credentials.
func (p *prober) request(t testing.TB) []byte {
	message, err := p.client.build(p.method(), false, p.attributes())
	return raw(t, message, err)
}

// authenticated is a message whose integrity holds, whatever is inside.
func (p *prober) authenticated(t testing.TB) []byte {
	attributes := p.attributes()
	for range p.random.IntN(4) {
		attributes = append(attributes, p.nonsense())
	}
	p.random.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	message, err := p.client.build(p.method(), true, attributes)
	return raw(t, message, err)
}

// indication is a Send indication, sometimes with more than it should have.
func (p *prober) indication(t testing.TB) []byte {
	setters := []stun.Setter{
		stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peerAddress(p.client.relayed), stun.RawAttribute{Type: stun.AttrData, Value: p.bytes(p.random.IntN(300))},
	}
	if p.random.IntN(2) == 0 {
		setters = append(setters, p.nonsense())
	}
	message, err := stun.Build(setters...)
	return raw(t, message, err)
}

// attributes picks some of those that requests have.
func (p *prober) attributes() []stun.Setter {
	known := []stun.Setter{
		transportUDP, familyIPv6, lifetimeOf(0), channelNumber(uint16(0x4000 + p.random.IntN(4))), peerAddress(p.client.relayed),
		stun.RawAttribute{Type: stun.AttrEvenPort, Value: []byte{0x80}},
		stun.RawAttribute{Type: stun.AttrReservationToken, Value: p.bytes(8)},
	}
	var picked []stun.Setter
	for _, attribute := range known {
		if p.random.IntN(3) == 0 {
			picked = append(picked, attribute)
		}
	}
	return picked
}

// nonsense is an attribute of a known type as a rule, of any content.
func (p *prober) nonsense() stun.Setter {
	attribute := stun.AttrType(p.random.IntN(0x40))
	switch p.random.IntN(4) {
	case 0:
		attribute |= 0x8000
	case 1:
		attribute = stun.AttrType(p.random.Uint32())
	}
	if attribute == stun.AttrFingerprint {
		attribute++ // pion builds nothing behind a FINGERPRINT
	}
	return stun.RawAttribute{Type: attribute, Value: p.bytes(p.random.IntN(40))}
}

// damage flips bits, cuts, grows or changes the length of what was proper.
func (p *prober) damage(b []byte) []byte {
	for range 1 + p.random.IntN(3) {
		switch p.random.IntN(5) {
		case 0, 1:
			if len(b) > 0 {
				b[p.random.IntN(len(b))] ^= 1 << p.random.IntN(8)
			}
		case 2:
			b = b[:p.random.IntN(len(b)+1)]
		case 3:
			b = append(b, p.bytes(p.random.IntN(30))...)
		case 4:
			if len(b) >= 4 {
				copy(b[2:4], p.bytes(2))
			}
		}
	}
	return b
}

func (p *prober) method() stun.Method { return methods[p.random.IntN(len(methods))] }

func (p *prober) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.random.Uint32())
	}
	return b
}

func raw(t testing.TB, message *stun.Message, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatalf("build a message to probe with: %v", err)
	}
	return message.Raw
}

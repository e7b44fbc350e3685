package wire_test

import (
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestDiscoveryAttributes(t *testing.T) {
	origin, other := netip.MustParseAddrPort("192.0.2.1:3478"), netip.MustParseAddrPort("[2001:db8::2]:3479")
	for _, change := range []wire.ChangeRequest{{}, {IP: true}, {Port: true}, {IP: true, Port: true}} {
		m := walk(t, request(wire.MethodBinding, func(b *wire.Builder) {
			b.ChangeRequest(change)
			b.ResponsePort(40_001)
			b.Padding(1501)
			b.ResponseOrigin(origin)
			b.OtherAddress(other)
		}))
		if got, present, err := m.ChangeRequest(); got != change || !present || err != nil {
			t.Errorf("got CHANGE-REQUEST %+v, %v, %v, want %+v", got, present, err, change)
		}
		if got, present, err := m.ResponsePort(); got != 40_001 || !present || err != nil {
			t.Errorf("got RESPONSE-PORT %d, %v, %v, want 40001", got, present, err)
		}
		if got, present := m.Padding(); got != 1501 || !present {
			t.Errorf("got PADDING of %d, %v, want 1501", got, present)
		}
		if got, _, err := m.ResponseOrigin(); got != origin || err != nil {
			t.Errorf("got RESPONSE-ORIGIN %v, %v, want %v", got, err, origin)
		}
		if got, _, err := m.OtherAddress(); got != other || err != nil {
			t.Errorf("got OTHER-ADDRESS %v, %v, want %v", got, err, other)
		}
	}
}

func TestDiscoveryAttributesMalformed(t *testing.T) {
	for _, value := range [][]byte{{}, {0, 0, 6}, {0, 0, 0, 6, 0}} {
		m := walk(t, rawMessage(bindingRequest, rawAttribute(nil, wire.AttrChangeRequest, value...)))
		if _, present, err := m.ChangeRequest(); !present || err == nil {
			t.Errorf("CHANGE-REQUEST % x: got present %v, error %v, want an error", value, present, err)
		}
		m = walk(t, rawMessage(bindingRequest, rawAttribute(nil, wire.AttrResponsePort, value...)))
		if _, present, err := m.ResponsePort(); !present || err == nil {
			t.Errorf("RESPONSE-PORT % x: got present %v, error %v, want an error", value, present, err)
		}
	}
	m := walk(t, rawMessage(bindingRequest, rawAttribute(nil, wire.AttrResponsePort, 0x9C, 0x41)))
	if got, _, err := m.ResponsePort(); got != 40_001 || err != nil {
		t.Errorf("RESPONSE-PORT of two bytes: got %d, %v, want 40001", got, err)
	}
	m = walk(t, rawMessage(bindingRequest, nil))
	_, hasChange, _ := m.ChangeRequest()
	_, hasPort, _ := m.ResponsePort()
	if _, hasPadding := m.Padding(); hasChange || hasPort || hasPadding {
		t.Error("got attributes of an empty message, want none")
	}
}

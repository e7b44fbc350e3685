package wire_test

import (
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestConnectionID(t *testing.T) {
	m := walk(t, request(wire.MethodConnectionBind, func(b *wire.Builder) { b.ConnectionID(0xFEDCBA98) }))
	if got, present, err := m.ConnectionID(); got != 0xFEDCBA98 || !present || err != nil {
		t.Errorf("got %#x, %v, %v, want what was written", got, present, err)
	}
	if unknown := m.UnknownRequired(nil); len(unknown) != 1 || unknown[0] != wire.AttrConnectionID {
		t.Errorf("got unknown attributes %v, want CONNECTION-ID: it belongs to an extension", unknown)
	}

	m = walk(t, request(wire.MethodConnectionBind, func(*wire.Builder) {}))
	if got, present, err := m.ConnectionID(); got != 0 || present || err != nil {
		t.Errorf("without the attribute: got %#x, %v, %v, want nothing", got, present, err)
	}
	for _, size := range []int{0, 3, 5, 8} {
		m = walk(t, request(wire.MethodConnectionBind, func(b *wire.Builder) {
			b.Attribute(wire.AttrConnectionID, make([]byte, size))
		}))
		if _, present, err := m.ConnectionID(); !present || err == nil {
			t.Errorf("%d bytes: got present %v, error %v, want a malformed attribute", size, present, err)
		}
	}
}

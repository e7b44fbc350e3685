package wire_test

import (
	"bytes"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestParseChannelData(t *testing.T) {
	payload := bytes.Repeat([]byte{7}, 65_535)
	whole := append([]byte{0x40, 0x00, 0xFF, 0xFF}, payload...)
	tests := []struct {
		name    string
		message []byte
		number  uint16
		n       int
		reason  wire.Reason
	}{
		{"empty payload", []byte{0x40, 0x01, 0, 0}, 0x4001, 0, wire.OK},
		{"payload", []byte{0x40, 0x01, 0, 3, 1, 2, 3}, 0x4001, 3, wire.OK},
		{"padding", []byte{0x40, 0x01, 0, 3, 1, 2, 3, 0xFF}, 0x4001, 3, wire.OK},
		{"more than padding", []byte{0x40, 0x01, 0, 0, 1, 2, 3, 4, 5}, 0x4001, 0, wire.OK},
		{"highest number", []byte{0x4F, 0xFF, 0, 0}, 0x4FFF, 0, wire.OK},
		{"old range", []byte{0x7F, 0xFF, 0, 0}, 0x7FFF, 0, wire.OK},
		{"longest payload", whole, 0x4000, 65_535, wire.OK},
		{"one byte missing", []byte{0x40, 0x01, 0, 3, 1, 2}, 0, 0, wire.ReasonLength},
		{"length 0xFFFF", []byte{0x40, 0x01, 0xFF, 0xFF, 1}, 0, 0, wire.ReasonLength},
		{"longest payload, one byte missing", whole[:len(whole)-1], 0, 0, wire.ReasonLength},
		{"number too low", []byte{0x3F, 0xFF, 0, 0}, 0, 0, wire.ReasonType},
		{"number too high", []byte{0x80, 0x00, 0, 0}, 0, 0, wire.ReasonType},
		{"no header", nil, 0, 0, wire.ReasonShort},
		{"header cut", []byte{0x40, 0x01, 0}, 0, 0, wire.ReasonShort},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			number, n, reason := wire.ParseChannelData(test.message)
			if number != test.number || n != test.n || reason != test.reason {
				t.Errorf("got 0x%04X, %d, %v, want 0x%04X, %d, %v", number, n, reason, test.number, test.n, test.reason)
			}
		})
	}
}

func TestPutChannelHeader(t *testing.T) {
	for _, n := range []int{0, 1, 1200, 65_535} {
		for _, number := range []uint16{0x4000, 0x4FFF, 0x7FFF} {
			b := make([]byte, wire.ChannelHeaderSize+n)
			wire.PutChannelHeader(b, number, n)
			gotNumber, gotN, reason := wire.ParseChannelData(b)
			if gotNumber != number || gotN != n || reason != wire.OK {
				t.Errorf("got 0x%04X, %d, %v, want 0x%04X, %d, ok", gotNumber, gotN, reason, number, n)
			}
		}
	}
}

package wire_test

import (
	"bytes"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestFrameSize(t *testing.T) {
	stun := func(length ...byte) []byte { return append([]byte{0, 1}, append(length, 0x21, 0x12, 0xA4, 0x42)...) }
	tests := []struct {
		name   string
		head   []byte
		size   int
		reason wire.Reason
	}{
		{"nothing", nil, 0, wire.OK},
		{"one byte of STUN", []byte{0}, 0, wire.OK},
		{"three bytes of ChannelData", []byte{0x40, 0, 0}, 0, wire.OK},
		{"empty ChannelData", []byte{0x40, 0, 0, 0}, 4, wire.OK},
		{"ChannelData with padding", []byte{0x4F, 0xFF, 0, 5}, 12, wire.OK},
		{"longest ChannelData", []byte{0x40, 0, 0xFF, 0xFF}, 65540, wire.OK},
		{"empty STUN", stun(0, 0), 20, wire.OK},
		{"longest STUN", stun(0xFF, 0xFC), wire.MaxFrame, wire.OK},
		{"STUN without its cookie yet", []byte{0, 1, 0, 8, 0x21}, 28, wire.OK},
		{"STUN length not a multiple of four", stun(0, 6), 0, wire.ReasonLength},
		{"another cookie", []byte{0, 1, 0, 0, 1, 2, 3, 4}, 0, wire.ReasonCookie},
		{"TLS", []byte{0x16, 3, 1, 2}, 0, wire.ReasonType},
		{"one byte of something else", []byte{0x80}, 0, wire.ReasonType},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if size, reason := wire.FrameSize(test.head); size != test.size || reason != test.reason {
				t.Errorf("got size %d, %s, want %d, %s", size, reason, test.size, test.reason)
			}
		})
	}
}

func TestPadFrame(t *testing.T) {
	for size, want := range map[int]int{4: 4, 5: 8, 6: 8, 7: 8, 8: 8} {
		b := bytes.Repeat([]byte{0xFF}, 16)
		got := wire.PadFrame(b, size)
		if got != want || !bytes.Equal(b[size:got], make([]byte, got-size)) || b[got] != 0xFF {
			t.Errorf("size %d: got %d, % x, want %d, the padding zero and nothing else", size, got, b, want)
		}
	}
}

// FuzzFrameSize checks that the size of a frame neither depends on how much
// came behind it nor on how much is still to come.
func FuzzFrameSize(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte{0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0})
	f.Add([]byte{0x16, 3, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		size, reason := wire.FrameSize(b)
		switch {
		case size < 0 || size > wire.MaxFrame || size%4 != 0:
			t.Fatalf("got size %d", size)
		case size > 0 && reason != wire.OK:
			t.Fatalf("got size %d with reason %s", size, reason)
		case size == 0 && reason == wire.OK && len(b) >= 4:
			t.Fatalf("got no verdict about %d bytes", len(b))
		}
		for n := range b {
			early, why := wire.FrameSize(b[:n])
			if why != wire.OK && why != reason {
				t.Fatalf("got %s after %d bytes, %s after all", why, n, reason)
			}
			if early != 0 && reason == wire.OK && early != size {
				t.Fatalf("got size %d after %d bytes, %d after all", early, n, size)
			}
		}
	})
}

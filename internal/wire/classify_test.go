package wire_test

import (
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestClassify(t *testing.T) {
	for first := range 256 {
		want := wire.KindUnknown
		switch {
		case first <= 3:
			want = wire.KindSTUN
		case first >= 20 && first <= 63:
			want = wire.KindDTLS
		case first >= 64 && first <= 127:
			want = wire.KindChannelData
		}
		if got := wire.Classify([]byte{byte(first)}); got != want {
			t.Errorf("first byte %d: got %d, want %d", first, got, want)
		}
	}
	if got := wire.Classify(nil); got != wire.KindUnknown {
		t.Errorf("empty datagram: got %d, want unknown", got)
	}
}

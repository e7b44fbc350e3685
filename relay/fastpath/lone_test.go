package fastpath

import (
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

func TestLoneSocket(t *testing.T) {
	const listener, relay, stream = listenerToken | 1, 7, streamToken | 7
	readable := func(token uint32) udpbatch.Event { return udpbatch.Event{Token: token, Readable: true} }
	for name, c := range map[string]struct {
		events int
		first  func(round int) udpbatch.Event
		lone   bool
	}{
		"a listening socket":      {1, func(int) udpbatch.Event { return readable(listener) }, true},
		"a relay socket":          {1, func(int) udpbatch.Event { return readable(relay) }, true},
		"with others":             {2, func(int) udpbatch.Event { return readable(relay) }, false},
		"two in turn":             {1, func(round int) udpbatch.Event { return readable(relay + uint32(round%2)) }, false},
		"another now and then":    {1, func(round int) udpbatch.Event { return readable(relay + uint32(round%10/9)) }, false},
		"a stream":                {1, func(int) udpbatch.Event { return readable(stream) }, false},
		"one with an error":       {1, func(int) udpbatch.Event { return udpbatch.Event{Token: relay, Readable: true, Failed: true} }, false},
		"one that can be written": {1, func(int) udpbatch.Event { return udpbatch.Event{Token: relay, Writable: true} }, false},
	} {
		var l lone
		guesses, most, inRow := 0, 0, 0
		for round := range 400 {
			if l.isLikely() {
				guesses++
				inRow++
				most = max(most, inRow)
				continue
			}
			inRow = 0
			l.saw(c.events, c.first(round))
		}
		switch {
		case !c.lone && guesses > 0:
			t.Errorf("%s: got %d rounds that do not ask, want none", name, guesses)
		case c.lone && (guesses < 250 || most > mostUnseen):
			t.Errorf("%s: got %d of 400 rounds that do not ask, %d in a row; want most, at most %d in a row", name, guesses, most, mostUnseen)
		}
	}
}

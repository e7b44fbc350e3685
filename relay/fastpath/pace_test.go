package fastpath

import "testing"

// Sparse traffic is read by single calls but for a try now and then; dense
// traffic by batches from the next try on.
func TestPace(t *testing.T) {
	const limit = 32
	var p pace
	read := func(waiting int) (room int) {
		room = p.room(limit)
		p.saw(min(room, waiting), false)
		return room
	}
	batches := 0
	for range 320 {
		if read(1) == limit {
			batches++
		}
	}
	if batches > 30 {
		t.Errorf("sparse: got %d batch reads of 320, want few", batches)
	}
	reads := 0
	for read(20) == 1 {
		if reads++; reads > maxBackoff {
			t.Fatal("dense: got no batch read")
		}
	}
	for range 100 {
		if read(20) != limit {
			t.Fatal("dense: got a single read after a full batch")
		}
	}
}

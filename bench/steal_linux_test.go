package bench

import "testing"

func TestStealOf(t *testing.T) {
	const text = "cpu  75829 0 76624 147158 712 0 21611 596 3 0\ncpu0 36736 0 33863 81824 144 0 9512 302 0 0\n"
	got, err := stealOf(text)
	if err != nil || got != 596 {
		t.Errorf("got %d, %v; want 596", got, err)
	}
	for _, bad := range []string{"", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8 9\n", "cpu 1 2 3 4 5 6 7 x 9\n"} {
		if got, err := stealOf(bad); err == nil {
			t.Errorf("%q: got %d, want an error", bad, got)
		}
	}
	if _, err := stolenTicks(); err != nil {
		t.Error(err)
	}
}

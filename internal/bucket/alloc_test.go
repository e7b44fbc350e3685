//go:build !race

package bucket_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

func TestTakeDoesNotAllocate(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 1_000_000, time.Second)
	now := start
	if got := testing.AllocsPerRun(1000, func() {
		now += int64(time.Millisecond)
		a.Take(i, now, 1200)
		a.Take(0, now, 1200)
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

package bucket_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

// Wait is exact: one nanosecond earlier Take refuses, at that time it admits.
func TestWaitIsExact(t *testing.T) {
	for _, burst := range []time.Duration{time.Nanosecond, time.Millisecond, 250 * time.Millisecond} {
		for _, size := range []int{1, 1000, bucket.MaxBytes} {
			a := bucket.NewArray(1)
			i, _ := a.Reserve(1_000_000, burst)
			now := int64(time.Hour)
			for range 50 {
				for range 1 << 17 { // 250 ms hold 31,250 bytes
					if !a.Take(i, now, size) {
						break
					}
				}
				wait := int64(a.Wait(i, now, size))
				if wait <= 0 {
					t.Fatalf("burst %s, %d bytes: got no wait where Take refuses", burst, size)
				}
				if a.Take(i, now+wait-1, size) {
					t.Fatalf("burst %s, %d bytes: Take admits before the %d ns that Wait tells", burst, size, wait)
				}
				if now += wait; !a.Take(i, now, size) {
					t.Fatalf("burst %s, %d bytes: Take refuses after the %d ns that Wait tells", burst, size, wait)
				}
			}
		}
	}
}

func TestWaitWithoutLimit(t *testing.T) {
	a := bucket.NewArray(1)
	if got := a.Wait(0, 1, 1000); got != 0 {
		t.Errorf("no bucket: got %s, want 0", got)
	}
	i, _ := a.Reserve(0, time.Second)
	if got := a.Wait(i, 1, 1000); got != 0 {
		t.Errorf("no limit: got %s, want 0", got)
	}
	a.SetRate(i, 8000, time.Second)
	if got := a.Wait(i, 1, 1000); got != 0 {
		t.Errorf("full bucket: got %s, want 0", got)
	}
}

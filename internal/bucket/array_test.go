package bucket_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/fairlead/fairlead/internal/bucket"
)

// start is a moment on a monotonic clock; any would do.
const start = int64(1_000 * time.Second)

func reserve(tb testing.TB, a *bucket.Array, bitsPerSecond uint64, burst time.Duration) bucket.Index {
	tb.Helper()
	i, ok := a.Reserve(bitsPerSecond, burst)
	if !ok {
		tb.Fatal("got a full array, want a bucket")
	}
	return i
}

// admitted offers datagrams of size bytes every step and returns the bytes that
// passed in [from, from+duration).
func admitted(a *bucket.Array, i bucket.Index, from int64, duration, step time.Duration, size int) (total int64) {
	for now := from; now < from+int64(duration); now += int64(step) {
		if a.Take(i, now, size) {
			total += int64(size)
		}
	}
	return total
}

func TestRateIsExact(t *testing.T) {
	const virtual = 10 * time.Second
	for _, rate := range []uint64{64_000, 1_000_000, 33_333_333, 1_000_000_000} {
		for _, size := range []int{1, 60, 1200, 65_535} {
			t.Run(fmt.Sprintf("rate=%d/size=%d", rate, size), func(t *testing.T) {
				const burst = 100 * time.Millisecond
				a := bucket.NewArray(1)
				i := reserve(t, a, rate, burst)
				cost := time.Duration(float64(size) * 8e9 / float64(rate))
				step := max(cost/2, 1) // twice the rate
				duration := min(virtual, max(200_000*step, 20*cost))
				got := admitted(a, i, start, duration, step, size)

				budget := float64(rate) / 8 * duration.Seconds()
				most := budget*1.001 + float64(rate)/8*burst.Seconds() + float64(size)
				least := budget*0.999 - float64(size)
				// Rounding to a nanosecond shows at the price of one byte.
				if slack := 0.5 / float64(cost); slack > 0.001 {
					most, least = most*(1+slack), least*(1-slack)
				}
				if float64(got) > most || float64(got) < least {
					t.Errorf("got %d bytes in %v, want %.0f to %.0f", got, duration, least, most)
				}
			})
		}
	}
}

func TestBurst(t *testing.T) {
	const rate = 8_000_000 // one byte in a microsecond
	tests := []struct {
		name  string
		burst time.Duration
		size  int
		want  int // datagrams that pass at one moment
	}{
		{"ten of a thousand", 10 * time.Millisecond, 1000, 10},
		{"the remainder is too small", 10*time.Millisecond + 999*time.Microsecond, 1000, 10},
		{"no burst admits one", 0, 1000, 1},
		{"smaller than the datagram admits one", time.Millisecond, 65_535, 1},
		{"exactly one maximum datagram", 65_535 * time.Microsecond, 65_535, 1},
		{"one more byte of burst, still one", 65_536 * time.Microsecond, 65_535, 1},
		{"two maximum datagrams", 2 * 65_535 * time.Microsecond, 65_535, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := bucket.NewArray(1)
			i := reserve(t, a, rate, test.burst)
			got := 0
			for range test.want + 5 {
				if a.Take(i, start, test.size) {
					got++
				}
			}
			if got != test.want {
				t.Errorf("got %d datagrams, want %d", got, test.want)
			}
		})
	}
}

func TestLargeDatagramIsPaidFor(t *testing.T) {
	const rate = 64_000 // 8,000 bytes a second
	a := bucket.NewArray(1)
	i := reserve(t, a, rate, 100*time.Millisecond)
	if !a.Take(i, start, 65_535) {
		t.Fatal("got a full bucket that refuses 65,535 bytes, want it to admit them")
	}
	paidAfter := int64(65_535) * int64(time.Second) / 8_000
	if a.Take(i, start+paidAfter-int64(101*time.Millisecond), 1) {
		t.Error("got a byte admitted while the debt exceeds the burst, want none")
	}
	if !a.Take(i, start+paidAfter, 65_535) {
		t.Error("got a refusal when the debt was paid, want the next datagram admitted")
	}
}

func TestIdleTimeIsNotSaved(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 8_000_000, 10*time.Millisecond)
	later := start + int64(time.Hour)
	got := 0
	for range 100 {
		if a.Take(i, later, 1000) {
			got++
		}
	}
	if got != 10 {
		t.Errorf("got %d datagrams after an idle hour, want the burst of 10", got)
	}
}

func TestClockOfAnotherWorkerMayLag(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 8_000_000, 10*time.Millisecond)
	got := 0
	for n := range 100 {
		now := start
		if n%2 == 1 {
			now -= int64(time.Millisecond)
		}
		if a.Take(i, now, 1000) {
			got++
		}
	}
	if got != 10 {
		t.Errorf("got %d datagrams with a lagging clock, want the burst of 10", got)
	}
}

func TestUnlimited(t *testing.T) {
	a := bucket.NewArray(1)
	zero := reserve(t, a, 0, 0)
	for _, i := range []bucket.Index{0, zero} {
		for range 1000 {
			if !a.Take(i, start, 65_535) {
				t.Fatalf("got a refusal by bucket %d without a limit, want none", i)
			}
		}
	}
}

func TestEmptyDatagramIsFree(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 1, 0)
	a.Take(i, start, 65_535)
	if !a.Take(i, start, 0) {
		t.Error("got an empty datagram refused, want it admitted")
	}
}

func TestSharedByGoroutines(t *testing.T) {
	const (
		rate  = 80_000_000 // ten bytes in a microsecond
		burst = time.Millisecond
		size  = 100
		span  = 20 * time.Millisecond
	)
	a := bucket.NewArray(1)
	i := reserve(t, a, rate, burst)
	var clock atomic.Int64
	clock.Store(start)
	var total atomic.Int64
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for {
				now := clock.Add(int64(time.Microsecond))
				if now >= start+int64(span) {
					return
				}
				if a.Take(i, now, size) {
					total.Add(size)
				}
			}
		})
	}
	workers.Wait()
	budget := int64(rate / 8 * span / time.Second)
	most := budget + int64(rate/8*burst/time.Second) + size
	if got := total.Load(); got > most || got < budget*9/10 {
		t.Errorf("got %d bytes from two goroutines, want %d to %d", got, budget*9/10, most)
	}
}

func TestReserveUntilFullAndReuse(t *testing.T) {
	a := bucket.NewArray(3)
	seen := map[bucket.Index]bool{}
	for range 3 {
		i := reserve(t, a, 1000, 0)
		if i == 0 || seen[i] {
			t.Fatalf("got index %d, want one that is not in %v", i, seen)
		}
		seen[i] = true
	}
	if i, ok := a.Reserve(1000, 0); ok {
		t.Fatalf("got index %d from a full array, want none", i)
	}
	a.Take(2, start, 65_535)
	a.Release(2)
	a.Release(0)
	if i := reserve(t, a, 1000, 0); i != 2 {
		t.Fatalf("got index %d, want the released 2", i)
	}
	if !a.Take(2, start, 65_535) {
		t.Error("got the debt of the previous owner, want a full bucket")
	}
}

func TestReleaseTwicePanics(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 1000, 0)
	a.Release(i)
	defer func() {
		if recover() == nil {
			t.Error("got no panic from the second release, want one")
		}
	}()
	a.Release(i)
}

func TestConcurrentReserve(t *testing.T) {
	const slots = 512
	a := bucket.NewArray(slots)
	var taken [slots + 1]atomic.Int32
	var full atomic.Int32
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range slots {
				i, ok := a.Reserve(1000, 0)
				if !ok {
					full.Add(1)
					continue
				}
				if taken[i].Add(1) != 1 {
					t.Errorf("got bucket %d twice, want every bucket once", i)
				}
			}
		})
	}
	workers.Wait()
	if got, want := full.Load(), int32(3*slots); got != want {
		t.Errorf("got %d refusals, want %d", got, want)
	}
}

func TestSetRateLive(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 1000, 0)
	if !a.Take(i, start, 65_535) || a.Take(i, start+int64(time.Minute), 1) {
		t.Fatal("got no debt at 1,000 bit/s, want one of minutes")
	}
	a.SetRate(i, 8_000_000, 10*time.Millisecond)
	if got := admitted(a, i, start, 10*time.Second, 500*time.Microsecond, 1000); got < 9_990_000 || got > 10_020_000 {
		t.Errorf("got %d bytes in 10 s at 8 Mbit/s, want about 10,000,000", got)
	}
	a.SetRate(i, 0, 0)
	if got, want := admitted(a, i, start, time.Second, 100*time.Microsecond, 65_535), int64(10_000*65_535); got != want {
		t.Errorf("got %d bytes without a limit, want %d", got, want)
	}
	a.SetRate(0, 1, 0)
	if got := admitted(a, 0, start, time.Second, time.Millisecond, 65_535); got != 1000*65_535 {
		t.Errorf("got %d bytes by index 0, want %d: it has no limit", got, 1000*65_535)
	}
}

func TestSetRateBesideTake(t *testing.T) {
	a := bucket.NewArray(1)
	i := reserve(t, a, 1_000_000, time.Millisecond)
	var workers sync.WaitGroup
	workers.Go(func() {
		for n := range uint64(1000) {
			a.SetRate(i, 1_000_000+n, time.Millisecond)
		}
	})
	workers.Go(func() { admitted(a, i, start, 10*time.Millisecond, time.Microsecond, 1200) })
	workers.Wait()
	a.SetRate(i, 8_000_000, 0)
	if !a.Take(i, start, 1000) || a.Take(i, start, 1000) {
		t.Error("got a bucket that does not follow its last rate")
	}
}

func TestEveryRateHasAPrice(t *testing.T) {
	for shift := range 64 {
		for _, rate := range []uint64{1 << shift, 1<<shift | (1<<shift - 1)} {
			a := bucket.NewArray(1)
			i := reserve(t, a, rate, 0)
			// The debt of one datagram lasts as long as its price says.
			price := float64(65_535) * 8e9 / float64(rate)
			if price < 1000 {
				continue
			}
			a.Take(i, start, 65_535)
			if a.Take(i, start+int64(price*0.9999)-1, 65_535) {
				t.Errorf("rate %d: got the next datagram before %.0f ns, want it later", rate, price)
			}
			if !a.Take(i, start+int64(price*1.0001)+1, 65_535) {
				t.Errorf("rate %d: got no datagram after %.0f ns, want one", rate, price)
			}
		}
	}
}

func TestLayout(t *testing.T) {
	if got := bucket.SlotSize(); got != 32 {
		t.Errorf("got slots of %d bytes, want 32", got)
	}
	if got := unsafe.Sizeof(bucket.Index(0)); got != 4 {
		t.Errorf("got an index of %d bytes, want 4", got)
	}
}

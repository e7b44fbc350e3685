package bucket_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

func BenchmarkTake(b *testing.B) {
	for _, bench := range []struct {
		name    string
		rate    uint64
		limited bool
	}{
		{"limit=none", 0, false},
		{"limit=admits", 1 << 40, true},
		{"limit=refuses", 1, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			a := bucket.NewArray(1)
			var i bucket.Index
			if bench.limited {
				i = reserve(b, a, bench.rate, time.Second)
			}
			b.ReportAllocs()
			for now := start; b.Loop(); now += 1000 {
				a.Take(i, now, 1200)
			}
		})
	}
}

func BenchmarkTakeShared(b *testing.B) {
	a := bucket.NewArray(1)
	i := reserve(b, a, 1<<40, time.Second)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for now := start; pb.Next(); now += 1000 {
			a.Take(i, now, 1200)
		}
	})
}

package authn_test

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// allowed counts how many of n answers at one moment are allowed.
func allowed(l *authn.Limiter, src netip.Addr, nowNs int64, n int) int {
	count := 0
	for range n {
		if l.Allow(src, nowNs) {
			count++
		}
	}
	return count
}

func TestLimiterRate(t *testing.T) {
	const second = int64(time.Second)
	src := netip.MustParseAddr("192.0.2.1")
	tests := []struct {
		name                    string
		perSecond, burst        int
		atOnce, afterOne, after int // answers at once, a second later, an hour later
	}{
		{"rate is burst", 10, 10, 10, 10, 10},
		{"burst above rate", 10, 50, 50, 10, 50},
		{"burst below rate", 10, 3, 3, 3, 3},
		{"no burst means one", 10, 0, 1, 1, 1},
		{"one", 1, 1, 1, 1, 1},
		{"unlimited", 0, 0, 1000, 1000, 1000},
	}
	for _, start := range []int64{0, 1, 12345 * second} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				l := authn.NewLimiter(tt.perSecond, tt.burst)
				if got := allowed(l, src, start, 1000); got != tt.atOnce {
					t.Errorf("at once: got %d, want %d", got, tt.atOnce)
				}
				if got := allowed(l, src, start+second, 1000); got != tt.afterOne {
					t.Errorf("a second later: got %d, want %d", got, tt.afterOne)
				}
				if got := allowed(l, src, start+3600*second, 1000); got != tt.after {
					t.Errorf("an hour later: got %d, want %d", got, tt.after)
				}
			})
		}
	}
}

func TestLimiterSustainedRate(t *testing.T) {
	l := authn.NewLimiter(7, 1)
	src := netip.MustParseAddr("192.0.2.1")
	count := 0
	for now := int64(0); now < int64(100*time.Second); now += int64(time.Millisecond) {
		count += allowed(l, src, now, 1)
	}
	if count < 690 || count > 701 { // 7 per second, on a grid of milliseconds
		t.Errorf("in 100 s at 7 per second: got %d answers, want about 700", count)
	}
}

func TestLimiterPrefixes(t *testing.T) {
	tests := []struct {
		name, first, second string
		shared              bool
	}{
		{"same IPv4", "192.0.2.1", "192.0.2.1", true},
		{"mapped IPv4", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"next IPv4", "192.0.2.1", "192.0.2.2", false},
		{"same /64", "2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true},
		{"same /64, zone", "fe80::1%eth0", "fe80::2", true},
		{"next /64", "2001:db8:1:2::1", "2001:db8:1:3::1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// Two prefixes may share a slot under one seed, not under ten.
			shared := true
			for range 10 {
				l := authn.NewLimiter(1, 1)
				l.Allow(netip.MustParseAddr(tt.first), 0)
				shared = shared && !l.Allow(netip.MustParseAddr(tt.second), 0)
			}
			if shared != tt.shared {
				t.Errorf("%s and %s share a budget: got %t, want %t", tt.first, tt.second, shared, tt.shared)
			}
		})
	}
}

func TestLimiterSpreadsSources(t *testing.T) {
	l := authn.NewLimiter(1, 1)
	const sources = 10_000
	count := 0
	for i := range uint32(sources) {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 10<<24+i)
		count += allowed(l, netip.AddrFrom4(a), 0, 1)
	}
	// 10,000 balls in 65,536 slots leave about 9,280 slots taken.
	if count < 9_000 {
		t.Errorf("got an answer for %d of %d sources, want at least 9000", count, sources)
	}
}

func TestLimiterConcurrent(t *testing.T) {
	const burst = 100_000
	l := authn.NewLimiter(1, burst)
	src := netip.MustParseAddr("192.0.2.1")
	var total atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { total.Add(int64(allowed(l, src, 0, burst/4))) })
	}
	group.Wait()
	if got := total.Load(); got != burst {
		t.Errorf("got %d answers from 8 goroutines, want the burst of %d", got, burst)
	}
}

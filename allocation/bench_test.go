package allocation_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/allocation"
)

// fill adds count allocations as busy browsers make them: own credentials, one
// permission and one channel each.
func fill(t testing.TB, table *allocation.Table, count int) {
	t.Helper()
	for n := range count {
		r := request(n)
		r.Username = fmt.Sprintf("1764000000:user%06d", n)
		r.User = strings.TrimPrefix(r.Username, "1764000000:")
		bind(t, table, add(t, table, r), 0x4000, peer1)
	}
}

// bytesPerAllocation is the heap growth that count allocations cause.
func bytesPerAllocation(t testing.TB, count int) float64 {
	t.Helper()
	table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
	before := heapBytes()
	fill(t, table, count)
	after := heapBytes()
	runtime.KeepAlive(table)
	return float64(after-before) / float64(count)
}

func heapBytes() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestMemoryPerAllocation(t *testing.T) {
	if got := bytesPerAllocation(t, 20_000); got > 480 {
		t.Errorf("got %.0f bytes per allocation, want at most 480", got)
	}
}

func BenchmarkMemory(b *testing.B) {
	for _, count := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint("allocations=", count), func(b *testing.B) {
			var bytes float64
			for b.Loop() {
				bytes = bytesPerAllocation(b, count)
			}
			b.ReportMetric(bytes, "B/allocation")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func BenchmarkFind(b *testing.B) {
	for _, count := range []int{1, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprint("table=", count), func(b *testing.B) {
			table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
			fill(b, table, count)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if table.Find(tuple(n*7919%count)) == nil {
					b.Fatal("got no allocation")
				}
			}
		})
	}
}

// Nothing is due: the cost must be the same at every size.
func BenchmarkSweepIdle(b *testing.B) {
	for _, count := range []int{0, 10_000, 100_000} {
		b.Run(fmt.Sprint("table=", count), func(b *testing.B) {
			table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
			fill(b, table, count)
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				table.Sweep(now, unbounded)
			}
		})
	}
}

// A second of a table in which each channel is refreshed every 4 minutes. The
// permissions are over at once, so that Sweep visits all that was refreshed.
func BenchmarkSweepRefreshed(b *testing.B) {
	for _, count := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint("table=", count), func(b *testing.B) {
			config := allocation.DefaultConfig()
			config.ChannelBindPermissionLifetime = time.Nanosecond
			table := allocation.NewTable(config, allocation.Expired{})
			fill(b, table, count)
			var all []*allocation.Allocation
			for a := range table.All() {
				all = append(all, a)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				for i := range count / 240 {
					if _, _, err := table.Bind(all[(n*count/240+i)%count], 0x4000, peer1); err != nil {
						b.Fatal(err)
					}
				}
				table.Sweep(time.Now(), unbounded)
			}
		})
	}
}

func BenchmarkPermit(b *testing.B) {
	for _, count := range []int{1, 32, 1024} {
		b.Run(fmt.Sprint("permissions=", count), func(b *testing.B) {
			table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
			a := add(b, table, request(1))
			peers := make([]netip.Addr, count)
			for i := range peers {
				peers[i] = netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})
			}
			if _, err := table.Permit(a, peers); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				i := n % count
				if _, err := table.Permit(a, peers[i:i+1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCreateBindDelete(b *testing.B) {
	table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
	b.ReportAllocs()
	for b.Loop() {
		a := add(b, table, request(1))
		bind(b, table, a, 0x4000, peer1)
		table.Delete(a)
	}
}

func BenchmarkCheck(b *testing.B) {
	policies := map[string]*allocation.Policy{
		"none": allocation.NewPolicy(allocation.PolicyConfig{}),
		"5": allocation.NewPolicy(allocation.PolicyConfig{
			Allow: rules(b, "10.0.0.0/8 port 5000-5999"),
			Deny:  rules(b, "8.0.0.0/8 port 1-1023", "9.9.9.0/24", "2a02::/16", "10.0.0.1"),
		}),
	}
	for rules, policy := range policies {
		for _, text := range []string{"8.8.8.8:443", "10.1.2.3:5001", "[2a00::1]:443", "[64:ff9b::8.8.8.8]:443"} {
			peer := netip.MustParseAddrPort(text)
			b.Run(fmt.Sprintf("rules=%s/peer=%s", rules, peer.Addr()), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					policy.Check(peer)
				}
			})
		}
	}
}

func BenchmarkNewPolicy(b *testing.B) {
	var deny []allocation.Rule
	for i := range 10_000 {
		addr := netip.AddrFrom4([4]byte{20, byte(i >> 8), byte(i), 0})
		deny = append(deny, allocation.Rule{Prefix: netip.PrefixFrom(addr, 24)})
	}
	b.ReportAllocs()
	for b.Loop() {
		allocation.NewPolicy(allocation.PolicyConfig{Deny: deny})
	}
}

func BenchmarkPortPool(b *testing.B) {
	b.Run("mode=new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newPool(b, 49152, 65535)
		}
	})
	pool := newPool(b, 49152, 65535)
	for mode, take := range map[string]func() (uint16, bool){"any": pool.Take, "even": pool.TakeEven} {
		b.Run("mode="+mode, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				port, _ := take()
				pool.Put(port)
			}
		})
	}
	b.Run("mode=pair", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			port, _ := pool.TakePair()
			pool.Put(port)
			pool.Put(port + 1)
		}
	})
	b.Run("mode=live", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pool.Live(50000)
		}
	})
}

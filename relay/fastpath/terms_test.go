package fastpath

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

// pour offers packets of one size to allocations in turn, for so long and at so
// many packets per second, and returns the payload bytes that passed. Each
// allocation may live on a worker of its own; all clocks are one, which stands
// still for a millisecond at a time as the clock of a batch does.
func pour(workers []*Worker, ids []AllocationID, d direction, size, perSecond int, from, lasts time.Duration) (passed int) {
	step := time.Second / time.Duration(perSecond)
	for at, i := from, 0; at < from+lasts; at, i = at+step, i+1 {
		w := workers[i%len(workers)]
		w.mono = int64(at.Truncate(time.Millisecond))
		a := w.tables.allocations.at(ids[i%len(ids)])
		if a.terms != 0 && w.draw(a, d, size) != dropNone {
			continue
		}
		own := a.toPeer
		if d == toClient {
			own = a.toClient
		}
		if own != 0 && !w.cfg.Buckets.Take(own, w.mono, size) {
			w.giveBack(a, d, size)
			continue
		}
		passed += size
	}
	return passed
}

// wantRate checks the payload of ten seconds against a rate in bits per second.
func wantRate(t *testing.T, passed int, bitsPerSecond, tolerance float64) {
	t.Helper()
	if got := float64(passed*8) / 10; got < bitsPerSecond*(1-tolerance) || got > bitsPerSecond*(1+tolerance) {
		t.Errorf("got %.0f bit/s, want %.0f within %.1f %%", got, bitsPerSecond, tolerance*100)
	}
}

const start10 = time.Minute // on the monotonic clock, as if the machine ran for a while

// TestRateIsExact offers an allocation ten times of what its limit admits.
func TestRateIsExact(t *testing.T) {
	for _, size := range []int{100, 500, 1200} {
		for d := range numDirections {
			b := newBench(t, 1)
			a := b.tables.allocations.at(b.ids[0])
			b.cfg.Buckets.SetRate(a.toPeer, 1e6, 250*time.Millisecond)
			b.cfg.Buckets.SetRate(a.toClient, 1e6, 250*time.Millisecond)
			workers := []*Worker{b.Worker}
			pour(workers, b.ids, d, size, 10e6/8/size, start10, time.Second) // the burst
			wantRate(t, pour(workers, b.ids, d, size, 10e6/8/size, start10+time.Second, 10*time.Second), 1e6, 0.005)
		}
	}
}

// TestPacketRateIsExact does so with small packets and a limit of packets.
func TestPacketRateIsExact(t *testing.T) {
	for d := range numDirections {
		b := newBench(t, 1)
		b.SetTerms(b.ids[0], Terms{ToPeerPacketsPerSecond: 1000, ToClientPacketsPerSecond: 1000, PacketBurst: 250 * time.Millisecond})
		workers := []*Worker{b.Worker}
		pour(workers, b.ids, d, 10, 10_000, start10, time.Second)
		wantRate(t, pour(workers, b.ids, d, 10, 10_000, start10+time.Second, 10*time.Second), 1000*10*8, 0.005)
	}
}

// TestSharedRateIsExact gives a user eight allocations on as many workers, at
// rates that are leased packet by packet and in chunks.
func TestSharedRateIsExact(t *testing.T) {
	const count = 8
	for _, bitsPerSecond := range []uint64{1e6, 100e6} {
		for d := range numDirections {
			buckets := bucket.NewArray(1)
			index, _ := buckets.Reserve(bitsPerSecond, 250*time.Millisecond)
			var workers []*Worker
			var ids []AllocationID
			for range count {
				b := newBench(t, 1)
				b.cfg.Buckets = buckets
				a := b.tables.allocations.at(b.ids[0])
				a.toPeer, a.toClient = 0, 0
				b.SetTerms(b.ids[0], Terms{
					SharedToPeer: [NumShared]bucket.Index{index}, SharedToClient: [NumShared]bucket.Index{index},
				})
				workers, ids = append(workers, b.Worker), append(ids, b.ids[0])
			}
			const size = 1200
			offered := int(bitsPerSecond) * 3 / 8 / size
			pour(workers, ids, d, size, offered, start10, time.Second)
			wantRate(t, pour(workers, ids, d, size, offered, start10+time.Second, 10*time.Second), float64(bitsPerSecond), 0.01)
			for _, w := range workers {
				lease := w.tables.leases.at(w.tables.leasesOf[index])
				if most := int64(buckets.Chunk(index) + size); lease.credit > most {
					t.Errorf("a worker holds %d bytes, want at most %d", lease.credit, most)
				}
			}
		}
	}
}

// TestRefusalChargesNothing lets each limit in turn refuse: all the others must
// have what they had.
func TestRefusalChargesNothing(t *testing.T) {
	for refuses := range NumShared + 1 { // the last is the allocation's own bucket
		b := newBench(t, 1)
		a := b.tables.allocations.at(b.ids[0])
		of := Terms{ToPeerPacketsPerSecond: 1, PacketBurst: time.Hour}
		for i := range of.SharedToPeer {
			of.SharedToPeer[i], _ = b.cfg.Buckets.Reserve(1e9, time.Second)
		}
		b.SetTerms(b.ids[0], of)
		workers := []*Worker{b.Worker}
		pour(workers, b.ids, toPeer, 100, 1, start10, time.Second)
		empty := a.toPeer
		if refuses < NumShared {
			empty = of.SharedToPeer[refuses]
		}
		b.cfg.Buckets.SetRate(empty, 8, time.Millisecond)
		b.cfg.Buckets.Take(empty, b.mono, 1000)
		var before []int64
		for i := range NumShared {
			l := b.tables.leases.at(b.tables.leasesOf[of.SharedToPeer[i]])
			if i == refuses {
				l.credit = 0
			}
			before = append(before, l.credit)
		}
		paced := a.paced[toPeer]
		if passed := pour(workers, b.ids, toPeer, 100, 1, start10+time.Second/2, time.Second); passed != 0 {
			t.Errorf("limit %d: got a packet through, want it refused", refuses)
		}
		for i := range NumShared {
			if got := b.tables.leases.at(b.tables.leasesOf[of.SharedToPeer[i]]).credit; got != before[i] {
				t.Errorf("limit %d refused: lease %d has %d bytes, want %d as before", refuses, i, got, before[i])
			}
		}
		if a.paced[toPeer] != paced && refuses < NumShared {
			t.Errorf("limit %d refused: the packet was charged", refuses)
		}
	}
}

// TestTermsAreKeptOnce publishes and withdraws allocations of equal and of other
// terms.
func TestTermsAreKeptOnce(t *testing.T) {
	b := newBench(t, 3)
	index, _ := b.cfg.Buckets.Reserve(1e6, time.Second)
	first := Terms{ToPeerPacketsPerSecond: 5, SharedToPeer: [NumShared]bucket.Index{1: index}}
	second := Terms{ToPeerPacketsPerSecond: 6, SharedToPeer: [NumShared]bucket.Index{1: index}}
	b.SetTerms(b.ids[0], first)
	b.SetTerms(b.ids[1], first)
	b.SetTerms(b.ids[2], second)
	if b.tables.terms.used != 2 || b.tables.leases.used != 1 {
		t.Errorf("got %d terms and %d leases, want 2 and 1", b.tables.terms.used, b.tables.leases.used)
	}
	b.tables.leases.at(b.tables.leasesOf[index]).credit = 7
	b.SetTerms(b.ids[0], second)
	if got := b.tables.leases.at(b.tables.leasesOf[index]).credit; got != 7 {
		t.Errorf("a change of terms left %d bytes in the lease, want 7", got)
	}
	b.SetTerms(b.ids[1], Terms{PacketBurst: time.Second})
	if got := b.tables.allocations.at(b.ids[1]).terms; got != 0 {
		t.Errorf("terms without a limit: got entry %d, want none", got)
	}
	for _, id := range b.ids {
		b.Withdraw(id)
	}
	if b.tables.terms.used+b.tables.leases.used+len(b.tables.termsOf)+len(b.tables.leasesOf) != 0 {
		t.Errorf("after all were withdrawn: got %d terms and %d leases, want none", b.tables.terms.used, b.tables.leases.used)
	}
	b.SetTerms(b.ids[0], first) // gone
	if b.tables.terms.used != 0 {
		t.Error("terms of an allocation that is gone were kept")
	}
}

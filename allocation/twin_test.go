package allocation_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/allocation"
)

var relayed6 = netip.MustParseAddrPort("[2001:db8::1]:50001")

// createDual makes a dual allocation in a table that notes what expires.
func createDual(t *testing.T, expired *[]*allocation.Allocation) (table *allocation.Table, v4, v6 *allocation.Allocation) {
	t.Helper()
	table = allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
		Allocation: func(a *allocation.Allocation) { *expired = append(*expired, a) },
	})
	v4 = add(t, table, request(1))
	return table, v4, table.CreateTwin(v4, relayed6)
}

func TestTwinsExpireApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expired []*allocation.Allocation
		table, v4, v6 := createDual(t, &expired)
		time.Sleep(500 * time.Second)
		table.Refresh(v6, 0)
		time.Sleep(200 * time.Second)
		if got := table.Find(tuple(1)); got != v6 {
			t.Errorf("first family over, not swept: got %v, want its twin", got)
		}
		if got := v6.OfFamily(netip.MustParseAddr("192.0.2.9")); got != nil {
			t.Errorf("family that is over: got %v, want nil", got)
		}
		if _, err := table.Create(request(1)); !errors.Is(err, allocation.ErrExists) {
			t.Errorf("create beside a live twin: got %v, want %v", err, allocation.ErrExists)
		}
		table.Sweep(time.Now(), unbounded)
		if !slices.Equal(expired, []*allocation.Allocation{v4}) || v4.Twin() != v6 || v6.Twin() != nil {
			t.Errorf("got %d expired with twins %v and %v", len(expired), v4.Twin(), v6.Twin())
		}
		time.Sleep(time.Hour)
		table.Sweep(time.Now(), unbounded)
		if len(expired) != 2 || table.Len() != 0 {
			t.Errorf("got %d expired and %d held, want both over", len(expired), table.Len())
		}
	})
}

func TestCreateReplacesTwinsThatAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expired []*allocation.Allocation
		table, _, _ := createDual(t, &expired)
		time.Sleep(time.Hour)
		if _, err := table.Create(request(1)); err != nil || len(expired) != 2 {
			t.Errorf("got %v and %d expired, want both in the way gone", err, len(expired))
		}
	})
}

func TestTwinsArePermittedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expired []*allocation.Allocation
		table, v4, v6 := createDual(t, &expired)
		peer4, peer6 := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::9")
		if _, err := table.Permit(v4, []netip.Addr{peer6, peer4}); err != nil {
			t.Fatal(err)
		}
		if !v4.HasPermission(peer4) || v4.HasPermission(peer6) || !v6.HasPermission(peer6) || v6.HasPermission(peer4) {
			t.Error("a permission is not with the twin of its family")
		}
		table.Delete(v6)
		if _, err := table.Permit(v4, []netip.Addr{peer4, peer6}); !errors.Is(err, allocation.ErrPeerFamily) {
			t.Errorf("peer of a family that has ended: got %v, want %v", err, allocation.ErrPeerFamily)
		}
	})
}

// Whatever is deleted while all are yielded, each comes once, with hashes that
// collide as well.
func TestDeleteWhileAllAreYielded(t *testing.T) {
	const tuples = 50
	for _, collide := range []bool{false, true} {
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
		if collide {
			table.Collide()
		}
		for n := range tuples {
			a := add(t, table, request(n))
			table.CreateTwin(a, netip.MustParseAddrPort("[2001:db8::1]:50000"))
		}
		seen := make(map[*allocation.Allocation]int)
		for a := range table.All() {
			if seen[a]++; a.Twin() != nil && len(seen)%3 > 0 {
				table.Delete(a)
			}
		}
		for _, times := range seen {
			if times != 1 {
				t.Errorf("collisions %t: got an allocation %d times, want once", collide, times)
			}
		}
		if len(seen) != 2*tuples {
			t.Errorf("collisions %t: got %d allocations, want %d", collide, len(seen), 2*tuples)
		}
		if table.Len() != tuples { // every five-tuple has one of its twins, or both
			t.Errorf("collisions %t: got %d five-tuples, want %d", collide, table.Len(), tuples)
		}
		for n := range tuples {
			if table.Find(tuple(n)) == nil {
				t.Errorf("collisions %t: five-tuple %d has no allocation any more", collide, n)
			}
		}
	}
}

func TestAllYieldsTwins(t *testing.T) {
	var expired []*allocation.Allocation
	table, v4, v6 := createDual(t, &expired)
	var got []*allocation.Allocation
	for a := range table.All() {
		got = append(got, a)
		table.Delete(a)
	}
	if !slices.Equal(got, []*allocation.Allocation{v4, v6}) || table.Len() != 0 {
		t.Errorf("got %d allocations and %d left, want both twins once", len(got), table.Len())
	}
}

package allocation_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/allocation"
)

// unbounded lets a Sweep look at all that is due.
const unbounded = 1 << 20

// tuple is the five-tuple of the n-th client.
func tuple(n int) allocation.FiveTuple {
	return allocation.FiveTuple{
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(n >> 16), byte(n >> 8)}), 40000+uint16(n&0xff)),
		Server: netip.MustParseAddrPort("192.0.2.1:3478"),
	}
}

func request(n int) allocation.Request {
	return allocation.Request{
		FiveTuple:     tuple(n),
		TransactionID: [12]byte{byte(n), 1, 2, 3},
		Relayed:       netip.MustParseAddrPort("192.0.2.1:50000"),
		Username:      "1764000000:alice",
		User:          "alice",
	}
}

// create makes the first client's allocation in a table of its own.
func create(t *testing.T, config allocation.Config) (*allocation.Table, *allocation.Allocation) {
	t.Helper()
	table := allocation.NewTable(config, allocation.Expired{})
	return table, add(t, table, request(1))
}

func add(t testing.TB, table *allocation.Table, r allocation.Request) *allocation.Allocation {
	t.Helper()
	a, err := table.Create(r)
	if err != nil {
		t.Fatalf("create %v: %v", r.FiveTuple, err)
	}
	return a
}

func TestGrantLifetime(t *testing.T) {
	tests := []struct {
		name        string
		asked, want time.Duration
	}{
		{"absent", 0, 600 * time.Second},
		{"below default", time.Second, 600 * time.Second},
		{"default", 600 * time.Second, 600 * time.Second},
		{"between", 1800 * time.Second, 1800 * time.Second},
		{"maximum", 3600 * time.Second, 3600 * time.Second},
		{"above maximum", 3601 * time.Second, 3600 * time.Second},
		{"largest that fits the attribute", (1<<32 - 1) * time.Second, 3600 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
				if got := table.GrantLifetime(test.asked); got != test.want {
					t.Errorf("GrantLifetime(%v): got %v, want %v", test.asked, got, test.want)
				}
				r := request(1)
				r.Lifetime = test.asked
				a := add(t, table, r)
				if got := time.Until(a.ExpiresAt()); got != test.want {
					t.Errorf("Create with lifetime %v: got %v, want %v", test.asked, got, test.want)
				}
				time.Sleep(10 * time.Second)
				if got := table.Refresh(a, test.asked); got != test.want {
					t.Errorf("Refresh(%v): got %v, want %v", test.asked, got, test.want)
				}
				if got := time.Until(a.ExpiresAt()); got != test.want {
					t.Errorf("left after Refresh(%v): got %v, want %v", test.asked, got, test.want)
				}
			})
		})
	}
}

func TestCreateKeepsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		r := request(1)
		got := allocation.Request{FiveTuple: a.FiveTuple, TransactionID: a.TransactionID, Relayed: a.Relayed, Username: a.Username, User: a.User}
		if got != r {
			t.Errorf("got %+v, want %+v", got, r)
		}
		if !a.CreatedAt().Equal(time.Now()) {
			t.Errorf("created at: got %v, want %v", a.CreatedAt(), time.Now())
		}
		if got := table.Find(tuple(1)); got != a {
			t.Errorf("Find: got %p, want %p", got, a)
		}
	})
}

// A retransmitted Allocate finds its allocation, and the transaction id tells it
// from another request on the same five-tuple (437).
func TestRetransmittedAllocate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		if _, err := table.Create(request(1)); !errors.Is(err, allocation.ErrExists) {
			t.Fatalf("second Create: got %v, want %v", err, allocation.ErrExists)
		}
		if got := table.Find(tuple(1)); got != a || got.TransactionID != request(1).TransactionID {
			t.Errorf("Find after the second Create: got %v, want the first allocation", got)
		}
		if got := table.Len(); got != 1 {
			t.Errorf("Len: got %d, want 1", got)
		}
	})
}

func TestFindTellsTuplesApart(t *testing.T) {
	base := allocation.FiveTuple{
		Client: netip.MustParseAddrPort("198.51.100.1:4000"),
		Server: netip.MustParseAddrPort("192.0.2.1:3478"),
	}
	tests := []struct {
		name   string
		change func(*allocation.FiveTuple)
		same   bool
	}{
		{"nothing", func(*allocation.FiveTuple) {}, true},
		{"mapped client", func(f *allocation.FiveTuple) { f.Client = netip.MustParseAddrPort("[::ffff:198.51.100.1]:4000") }, true},
		{"client port", func(f *allocation.FiveTuple) { f.Client = netip.MustParseAddrPort("198.51.100.1:4001") }, false},
		{"client address", func(f *allocation.FiveTuple) { f.Client = netip.MustParseAddrPort("198.51.100.2:4000") }, false},
		{"server port", func(f *allocation.FiveTuple) { f.Server = netip.MustParseAddrPort("192.0.2.1:3479") }, false},
		{"server address", func(f *allocation.FiveTuple) { f.Server = netip.MustParseAddrPort("192.0.2.2:3478") }, false},
		{"compatible client", func(f *allocation.FiveTuple) { f.Client = netip.MustParseAddrPort("[::198.51.100.1]:4000") }, false},
		{"transport", func(f *allocation.FiveTuple) { f.Transport = allocation.TransportTCP }, false},
		{"swapped ends", func(f *allocation.FiveTuple) { f.Client, f.Server = f.Server, f.Client }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
			r := request(1)
			r.FiveTuple = base
			add(t, table, r)
			changed := base
			test.change(&changed)
			if got := table.Find(changed) != nil; got != test.same {
				t.Errorf("found %v: got %v, want %v", changed, got, test.same)
			}
		})
	}
}

func TestAllocationExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var over []*allocation.Allocation
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Allocation: func(a *allocation.Allocation) { over = append(over, a) },
			Permission: func(*allocation.Allocation, netip.Addr) { t.Error("permission reported apart") },
		})
		a := add(t, table, request(1))
		if _, err := table.Permit(a, []netip.Addr{peer1.Addr()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Second)
		if _, err := table.Permit(a, []netip.Addr{peer1.Addr()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300*time.Second - 1)
		table.Sweep(time.Now(), unbounded)
		if got := table.Find(tuple(1)); got != a {
			t.Fatalf("Find 1 ns before the end: got %v, want the allocation", got)
		}
		time.Sleep(time.Nanosecond)
		if got := table.Find(tuple(1)); got != nil {
			t.Errorf("Find at the end, before Sweep: got %v, want nil", got)
		}
		if got := table.Len(); got != 1 {
			t.Errorf("Len before Sweep: got %d, want 1", got)
		}
		table.Sweep(time.Now(), unbounded)
		if !slices.Equal(over, []*allocation.Allocation{a}) {
			t.Errorf("reported as over: got %v, want %v", over, a)
		}
		if got := table.Len(); got != 0 {
			t.Errorf("Len after Sweep: got %d, want 0", got)
		}
	})
}

// Many that are over at once are dropped in as many pieces as the caller likes.
func TestSweepInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
		for i := range 10 {
			add(t, table, request(i))
		}
		time.Sleep(600 * time.Second)
		for _, want := range []struct {
			left int
			more bool
		}{{6, true}, {2, true}, {0, false}, {0, false}} {
			if more := table.Sweep(time.Now(), 4); more != want.more || table.Len() != want.left {
				t.Errorf("got %d left, more %v; want %+v", table.Len(), more, want)
			}
		}
	})
}

// A five-tuple whose allocation is over can be used again before Sweep ran; the
// owner hears of the end first.
func TestCreateOverExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var over []*allocation.Allocation
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Allocation: func(a *allocation.Allocation) { over = append(over, a) },
		})
		first := add(t, table, request(1))
		time.Sleep(600 * time.Second)
		second := add(t, table, request(1))
		if !slices.Equal(over, []*allocation.Allocation{first}) {
			t.Errorf("reported as over: got %v, want the first allocation", over)
		}
		table.Sweep(time.Now(), unbounded)
		if got := table.Find(tuple(1)); got != second {
			t.Errorf("Find: got %p, want %p", got, second)
		}
	})
}

func TestDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Allocation: func(a *allocation.Allocation) { t.Errorf("reported as over: %v", a) },
		})
		for n := range 10 {
			add(t, table, request(n))
		}
		for a := range table.All() {
			table.Delete(a)
		}
		if got := table.Len(); got != 0 {
			t.Errorf("Len: got %d, want 0", got)
		}
		time.Sleep(time.Hour)
		table.Sweep(time.Now(), unbounded)
	})
}

func TestUseAfterEndPanics(t *testing.T) {
	peers := []netip.Addr{peer1.Addr()}
	uses := map[string]func(*allocation.Table, *allocation.Allocation){
		"Delete":  func(t *allocation.Table, a *allocation.Allocation) { t.Delete(a) },
		"Refresh": func(t *allocation.Table, a *allocation.Allocation) { t.Refresh(a, 0) },
		"Permit":  func(t *allocation.Table, a *allocation.Allocation) { _, _ = t.Permit(a, peers) },
		"Revoke":  func(t *allocation.Table, a *allocation.Allocation) { t.Revoke(a, peer1.Addr()) },
		"Bind":    func(t *allocation.Table, a *allocation.Allocation) { _, _, _ = t.Bind(a, 0x4000, peer1) },
		"Unbind":  func(t *allocation.Table, a *allocation.Allocation) { t.Unbind(a, 0x4000) },
	}
	for name, use := range uses {
		t.Run(name+" of a deleted allocation", func(t *testing.T) {
			table, a := create(t, allocation.DefaultConfig())
			table.Delete(a)
			mustPanic(t, func() { use(table, a) })
		})
		t.Run(name+" in a foreign table", func(t *testing.T) {
			_, a := create(t, allocation.DefaultConfig())
			other, _ := create(t, allocation.DefaultConfig())
			mustPanic(t, func() { use(other, a) })
		})
	}
}

func mustPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("got no panic, want one")
		}
	}()
	f()
}

// Many allocations that end at different times are reported in that order, each
// at the first Sweep after its end and never before; those deleted meanwhile
// leave the order of the others as it was.
func TestSweepOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended []time.Time
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Allocation: func(a *allocation.Allocation) { ended = append(ended, a.ExpiresAt()) },
		})
		random := rand.New(rand.NewPCG(5, 8656))
		const count, deleted = 2000, 1200
		for n := range count {
			r := request(n)
			r.Lifetime = time.Duration(600+random.IntN(3000)) * time.Second
			add(t, table, r)
		}
		for _, n := range random.Perm(count)[:deleted] {
			table.Delete(table.Find(tuple(n)))
		}
		for range 3600 / 2 {
			time.Sleep(2 * time.Second)
			before := len(ended)
			table.Sweep(time.Now(), unbounded)
			for _, at := range ended[before:] {
				if late := time.Since(at); late < 0 || late >= 2*time.Second {
					t.Fatalf("an allocation that ends at %v was reported %v later, want 0s to 2s", at, late)
				}
			}
		}
		if len(ended) != count-deleted || !slices.IsSortedFunc(ended, time.Time.Compare) {
			t.Errorf("got %d ends, sorted %v, want %d sorted", len(ended), slices.IsSortedFunc(ended, time.Time.Compare), count-deleted)
		}
	})
}

func TestSetConfigIsForLaterGrants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		config := allocation.DefaultConfig()
		config.DefaultLifetime, config.MaxLifetime, config.PermissionLifetime = 60*time.Second, 90*time.Second, 30*time.Second
		table.SetConfig(config)
		if got, want := time.Until(a.ExpiresAt()), 600*time.Second; got != want {
			t.Errorf("live allocation: got %v left, want %v", got, want)
		}
		if got, want := table.Refresh(a, time.Hour), 90*time.Second; got != want {
			t.Errorf("Refresh: got %v, want %v", got, want)
		}
		if got, err := table.Permit(a, []netip.Addr{peer1.Addr()}); got != 30*time.Second || err != nil {
			t.Errorf("Permit: got %v, %v, want 30s", got, err)
		}
		// The end moved forward, and Sweep must know.
		time.Sleep(90 * time.Second)
		table.Sweep(time.Now(), unbounded)
		if got := table.Len(); got != 0 {
			t.Errorf("Len after the shorter lifetime: got %d, want 0", got)
		}
	})
}

func TestEntriesEndWithTheirAllocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		if _, _, err := table.Bind(a, 0x4000, peer1); err != nil {
			t.Fatal(err)
		}
		table.Delete(a)
		again := add(t, table, request(1))
		if again.HasPermission(peer1.Addr()) {
			t.Error("the new allocation has the permission of the old one")
		}
		if diff := cmp.Diff(map[allocation.ChannelNumber]allocation.Channel{}, channels(again), addrComparer); diff != "" {
			t.Errorf("channels of the new allocation (-want +got):\n%s", diff)
		}
	})
}

func TestTransportString(t *testing.T) {
	for transport, want := range map[allocation.Transport]string{
		allocation.TransportUDP: "udp", allocation.TransportTCP: "tcp",
		allocation.TransportTLS: "tls", allocation.TransportDTLS: "dtls", 99: "unknown",
	} {
		if got := fmt.Sprint(transport); got != want {
			t.Errorf("transport %d: got %s, want %s", uint8(transport), got, want)
		}
	}
}

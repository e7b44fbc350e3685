package allocation_test

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/allocation"
)

var (
	peer1 = netip.MustParseAddrPort("198.51.100.7:7000")
	peer2 = netip.MustParseAddrPort("198.51.100.8:7000")
	peer3 = netip.MustParseAddrPort("198.51.100.9:7000")

	addrComparer = cmp.Options{
		cmp.Comparer(func(x, y netip.Addr) bool { return x == y }),
		cmp.Comparer(func(x, y netip.AddrPort) bool { return x == y }),
	}
)

func permissions(a *allocation.Allocation) map[netip.Addr]time.Time {
	return maps.Collect(a.Permissions())
}

func permit(t testing.TB, table *allocation.Table, a *allocation.Allocation, peers ...netip.AddrPort) {
	t.Helper()
	var addrs []netip.Addr
	for _, peer := range peers {
		addrs = append(addrs, peer.Addr())
	}
	if _, err := table.Permit(a, addrs); err != nil {
		t.Fatalf("permit %v: %v", peers, err)
	}
}

func TestPermissionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type end struct {
			allocation *allocation.Allocation
			peer       netip.Addr
		}
		var ends []end
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Permission: func(a *allocation.Allocation, peer netip.Addr) { ends = append(ends, end{a, peer}) },
		})
		a := add(t, table, request(1))
		permit(t, table, a, peer1)
		time.Sleep(100 * time.Second)
		permit(t, table, a, peer2)
		time.Sleep(200*time.Second - 1)
		if !a.HasPermission(peer1.Addr()) {
			t.Error("1 ns before the end: got no permission, want one")
		}
		time.Sleep(time.Nanosecond)
		if a.HasPermission(peer1.Addr()) {
			t.Error("at the end, before Sweep: got a permission, want none")
		}
		want := map[netip.Addr]time.Time{peer2.Addr(): time.Now().Add(100 * time.Second)}
		if diff := cmp.Diff(want, permissions(a), addrComparer); diff != "" {
			t.Errorf("permissions before Sweep (-want +got):\n%s", diff)
		}
		table.Sweep(time.Now(), unbounded)
		table.Sweep(time.Now(), unbounded)
		if !slices.Equal(ends, []end{{a, peer1.Addr()}}) {
			t.Errorf("reported as over: got %v, want %v once", ends, peer1)
		}
		if !a.HasPermission(peer2.Addr()) {
			t.Error("the younger permission went with the older one")
		}
	})
}

func TestPermitRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		permit(t, table, a, peer1)
		time.Sleep(299 * time.Second)
		table.Sweep(time.Now(), unbounded)
		got, err := table.Permit(a, []netip.Addr{peer1.Addr()})
		if got != 300*time.Second || err != nil {
			t.Fatalf("Permit: got %v, %v, want 5m0s", got, err)
		}
		time.Sleep(299 * time.Second)
		table.Sweep(time.Now(), unbounded)
		if !a.HasPermission(peer1.Addr()) {
			t.Error("299 s after the refresh: got no permission, want one")
		}
		time.Sleep(time.Second)
		if a.HasPermission(peer1.Addr()) {
			t.Error("300 s after the refresh: got a permission, want none")
		}
	})
}

// RFC 8656 section 9: addresses are compared, ports are not considered.
func TestPermissionIgnoresPort(t *testing.T) {
	table, a := create(t, allocation.DefaultConfig())
	permit(t, table, a, netip.AddrPortFrom(peer1.Addr(), 1), netip.AddrPortFrom(peer1.Addr(), 2))
	if got := len(permissions(a)); got != 1 {
		t.Errorf("permissions: got %d, want 1", got)
	}
	if a.HasPermission(peer2.Addr()) {
		t.Error("got a permission for another address, want none")
	}
}

func TestPermitIsAllOrNone(t *testing.T) {
	mapped := netip.MustParseAddr("::ffff:198.51.100.8")
	v6 := netip.MustParseAddr("2a00::1")
	tests := []struct {
		name  string
		peers []netip.Addr
		want  error
	}{
		{"one too many", []netip.Addr{peer2.Addr(), peer3.Addr()}, allocation.ErrTooManyPermissions},
		{"family of the second", []netip.Addr{peer2.Addr(), v6}, allocation.ErrPeerFamily},
		{"mapped", []netip.Addr{peer2.Addr(), mapped}, allocation.ErrPeerFamily},
		{"no address", []netip.Addr{peer2.Addr(), {}}, allocation.ErrPeerFamily},
		{"twice the same", []netip.Addr{peer2.Addr(), peer2.Addr(), peer1.Addr()}, nil},
		{"none at all", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := allocation.DefaultConfig()
			config.MaxPermissions = 2
			table, a := create(t, config)
			permit(t, table, a, peer1)
			before := permissions(a)
			if _, err := table.Permit(a, test.peers); !errors.Is(err, test.want) {
				t.Fatalf("got error %v, want %v", err, test.want)
			}
			if test.want == nil {
				for _, peer := range test.peers {
					if !a.HasPermission(peer) {
						t.Errorf("got no permission for %v, want one", peer)
					}
				}
				return
			}
			if diff := cmp.Diff(before, permissions(a), addrComparer); diff != "" {
				t.Errorf("permissions changed (-before +after):\n%s", diff)
			}
		})
	}
}

// What is over does not count towards the bound, swept or not.
func TestPermissionBoundCountsTheLiving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := allocation.DefaultConfig()
		config.MaxPermissions = 1
		table, a := create(t, config)
		permit(t, table, a, peer1)
		time.Sleep(300 * time.Second)
		permit(t, table, a, peer2)
		if _, err := table.Permit(a, []netip.Addr{peer1.Addr()}); !errors.Is(err, allocation.ErrTooManyPermissions) {
			t.Errorf("got error %v, want %v", err, allocation.ErrTooManyPermissions)
		}
		config.MaxPermissions = 0
		table.SetConfig(config)
		permit(t, table, a, peer1, peer3)
	})
}

func TestRevoke(t *testing.T) {
	table, a := create(t, allocation.DefaultConfig())
	if _, _, err := table.Bind(a, 0x4000, peer1); err != nil {
		t.Fatal(err)
	}
	permit(t, table, a, peer2)
	table.Revoke(a, peer1.Addr())
	table.Revoke(a, peer3.Addr())
	if a.HasPermission(peer1.Addr()) {
		t.Error("got a permission after Revoke, want none")
	}
	if !a.HasPermission(peer2.Addr()) {
		t.Error("Revoke took the permission of another peer")
	}
	if got := channels(a)[0x4000].Peer; got != peer1 {
		t.Errorf("channel after Revoke: got peer %v, want %v", got, peer1)
	}
}

// A loop over the entries may stop early.
func TestEntriesUntilBreak(t *testing.T) {
	table, a := create(t, allocation.DefaultConfig())
	bind(t, table, a, 0x4001, peer1)
	bind(t, table, a, 0x4000, peer2)
	for peer := range a.Permissions() {
		if peer != peer1.Addr() {
			t.Errorf("got permission %v first, want %v", peer, peer1.Addr())
		}
		break
	}
	for number := range a.Channels() {
		if number != 0x4000 {
			t.Errorf("got channel %#x first, want 0x4000", number)
		}
		break
	}
}

func TestIPv6Allocation(t *testing.T) {
	table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{})
	r := request(1)
	r.Relayed = netip.MustParseAddrPort("[2a00::1]:50000")
	a := add(t, table, r)
	peer := netip.MustParseAddrPort("[2a00::2]:9")
	if _, _, err := table.Bind(a, 0x4000, peer); err != nil {
		t.Fatalf("bind an IPv6 peer: %v", err)
	}
	if got := channels(a)[0x4000].Peer; got != peer {
		t.Errorf("channel: got peer %v, want %v", got, peer)
	}
	for _, other := range []netip.AddrPort{peer1, netip.MustParseAddrPort("[::ffff:198.51.100.7]:7000")} {
		if _, err := table.Permit(a, []netip.Addr{other.Addr()}); !errors.Is(err, allocation.ErrPeerFamily) {
			t.Errorf("permit %v: got %v, want %v", other, err, allocation.ErrPeerFamily)
		}
		if _, _, err := table.Bind(a, 0x4001, other); !errors.Is(err, allocation.ErrPeerFamily) {
			t.Errorf("bind %v: got %v, want %v", other, err, allocation.ErrPeerFamily)
		}
	}
}

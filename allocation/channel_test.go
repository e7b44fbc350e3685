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

func channels(a *allocation.Allocation) map[allocation.ChannelNumber]allocation.Channel {
	return maps.Collect(a.Channels())
}

func bind(t testing.TB, table *allocation.Table, a *allocation.Allocation, n allocation.ChannelNumber, peer netip.AddrPort) {
	t.Helper()
	if _, _, err := table.Bind(a, n, peer); err != nil {
		t.Fatalf("bind %#x to %v: %v", n, peer, err)
	}
}

func TestChannelNumberValid(t *testing.T) {
	tests := []struct {
		number       allocation.ChannelNumber
		narrow, wide bool
	}{
		{0, false, false}, {0x3FFF, false, false}, {0x4000, true, true}, {0x4FFF, true, true},
		{0x5000, false, true}, {0x7FFF, false, true}, {0x8000, false, false}, {0xFFFF, false, false},
	}
	for _, test := range tests {
		if got := test.number.Valid(false); got != test.narrow {
			t.Errorf("%#x.Valid(false): got %v, want %v", test.number, got, test.narrow)
		}
		if got := test.number.Valid(true); got != test.wide {
			t.Errorf("%#x.Valid(true): got %v, want %v", test.number, got, test.wide)
		}
		for _, wide := range []bool{false, true} {
			config := allocation.DefaultConfig()
			config.WideChannelNumbers = wide
			table, a := create(t, config)
			_, _, err := table.Bind(a, test.number, peer1)
			if got := !errors.Is(err, allocation.ErrChannelNumber); got != test.number.Valid(wide) {
				t.Errorf("Bind(%#x), wide %v: got %v", test.number, wide, err)
			}
		}
	}
}

func TestBindIsExclusive(t *testing.T) {
	samePort := netip.AddrPortFrom(peer1.Addr(), 7001)
	tests := []struct {
		name   string
		number allocation.ChannelNumber
		peer   netip.AddrPort
		want   error
	}{
		{"same pair", 0x4000, peer1, nil},
		{"same number, other peer", 0x4000, peer2, allocation.ErrChannelMismatch},
		{"same number, other port", 0x4000, samePort, allocation.ErrChannelMismatch},
		{"other number, same peer", 0x4001, peer1, allocation.ErrChannelMismatch},
		{"other number, same address, other port", 0x4001, samePort, nil},
		{"other number, other peer", 0x4001, peer2, nil},
		{"number of another channel", 0x4fff, peer1, allocation.ErrChannelMismatch},
		{"peer of another channel", 0x4000, peer3, allocation.ErrChannelMismatch},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			table, a := create(t, allocation.DefaultConfig())
			bind(t, table, a, 0x4fff, peer3)
			bind(t, table, a, 0x4000, peer1)
			before, permitted := channels(a), permissions(a)
			if _, _, err := table.Bind(a, test.number, test.peer); !errors.Is(err, test.want) {
				t.Fatalf("got error %v, want %v", err, test.want)
			}
			if test.want == nil {
				if got := channels(a)[test.number].Peer; got != test.peer {
					t.Errorf("got peer %v, want %v", got, test.peer)
				}
				return
			}
			if diff := cmp.Diff(before, channels(a), addrComparer); diff != "" {
				t.Errorf("channels changed (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(permitted, permissions(a), addrComparer); diff != "" {
				t.Errorf("permissions changed (-before +after):\n%s", diff)
			}
		})
	}
}

// Two allocations use the same number and the same peer independently.
func TestChannelsBelongToTheAllocation(t *testing.T) {
	table, a := create(t, allocation.DefaultConfig())
	other := add(t, table, request(2))
	bind(t, table, a, 0x4000, peer1)
	bind(t, table, other, 0x4000, peer2)
	bind(t, table, other, 0x4001, peer1)
	if other.HasPermission(peer1.Addr()) != true || a.HasPermission(peer2.Addr()) {
		t.Error("a permission crossed over to another allocation")
	}
}

// The channel outlives its permission and carries nothing meanwhile; a new
// permission is enough to make it work again.
func TestChannelOutlivesPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		channel, permission, err := table.Bind(a, 0x4000, peer1)
		if channel != 600*time.Second || permission != 300*time.Second || err != nil {
			t.Fatalf("Bind: got %v, %v, %v, want 10m0s, 5m0s", channel, permission, err)
		}
		time.Sleep(300 * time.Second)
		table.Sweep(time.Now(), unbounded)
		if a.HasPermission(peer1.Addr()) {
			t.Error("after 300 s: got a permission, want none")
		}
		if got := channels(a)[0x4000].Peer; got != peer1 {
			t.Errorf("after 300 s: got channel to %v, want %v", got, peer1)
		}
		permit(t, table, a, peer1)
		if !a.HasPermission(peer1.Addr()) {
			t.Error("after Permit: got no permission, want one")
		}
	})
}

// The channel ends after 600 s; a permission that was refreshed meanwhile stays.
func TestChannelExpiresAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends []allocation.ChannelNumber
		table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Channel: func(_ *allocation.Allocation, n allocation.ChannelNumber, peer netip.AddrPort) {
				if peer != peer1 {
					t.Errorf("reported peer: got %v, want %v", peer, peer1)
				}
				ends = append(ends, n)
			},
		})
		r := request(1)
		r.Lifetime = time.Hour
		a := add(t, table, r)
		bind(t, table, a, 0x4000, peer1)
		for range 2 {
			time.Sleep(299 * time.Second)
			permit(t, table, a, peer1)
		}
		time.Sleep(2*time.Second - 1)
		if got := len(channels(a)); got != 1 {
			t.Errorf("1 ns before the end: got %d channels, want 1", got)
		}
		time.Sleep(time.Nanosecond)
		if got := len(channels(a)); got != 0 {
			t.Errorf("at the end, before Sweep: got %d channels, want 0", got)
		}
		table.Sweep(time.Now(), unbounded)
		if !slices.Equal(ends, []allocation.ChannelNumber{0x4000}) {
			t.Errorf("reported as over: got %x, want 4000 once", ends)
		}
		if !a.HasPermission(peer1.Addr()) {
			t.Error("the permission went with the channel")
		}
	})
}

// RFC 8656 section 12: once unbound, number and peer can be bound otherwise. The
// owner hears of the end of the old binding first, even when Sweep has not run.
func TestRebindAfterExpiry(t *testing.T) {
	for _, swept := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var ends []allocation.ChannelNumber
			table := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
				Channel: func(_ *allocation.Allocation, n allocation.ChannelNumber, _ netip.AddrPort) { ends = append(ends, n) },
			})
			r := request(1)
			r.Lifetime = time.Hour
			a := add(t, table, r)
			bind(t, table, a, 0x4000, peer1)
			bind(t, table, a, 0x4001, peer2)
			time.Sleep(600 * time.Second)
			if swept {
				table.Sweep(time.Now(), unbounded)
			}
			bind(t, table, a, 0x4000, peer2)
			if want := []allocation.ChannelNumber{0x4000, 0x4001}; !slices.Equal(ends, want) {
				t.Errorf("swept %v: reported as over %x, want %x", swept, ends, want)
			}
			bind(t, table, a, 0x4001, peer1)
			table.Sweep(time.Now(), unbounded)
			want := map[allocation.ChannelNumber]allocation.Channel{
				0x4000: {Peer: peer2, ExpiresAt: time.Now().Add(600 * time.Second)},
				0x4001: {Peer: peer1, ExpiresAt: time.Now().Add(600 * time.Second)},
			}
			if diff := cmp.Diff(want, channels(a), addrComparer); diff != "" {
				t.Errorf("swept %v: channels (-want +got):\n%s", swept, diff)
			}
		})
	}
}

func TestBindRefreshesBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, a := create(t, allocation.DefaultConfig())
		bind(t, table, a, 0x4000, peer1)
		time.Sleep(250 * time.Second)
		channel, permission, err := table.Bind(a, 0x4000, peer1)
		if channel != 600*time.Second || permission != 300*time.Second || err != nil {
			t.Errorf("Bind: got %v, %v, %v, want 10m0s, 5m0s", channel, permission, err)
		}
		if got, want := permissions(a)[peer1.Addr()], time.Now().Add(300*time.Second); !got.Equal(want) {
			t.Errorf("permission: got %v, want %v", got, want)
		}
		if got, want := channels(a)[0x4000].ExpiresAt, time.Now().Add(600*time.Second); !got.Equal(want) {
			t.Errorf("channel: got %v, want %v", got, want)
		}
	})
}

func TestChannelBindPermissionLifetime(t *testing.T) {
	tests := []struct {
		name                     string
		onBind                   time.Duration
		afterBind, afterBindLate time.Duration // left after Permit, Bind; and again 100 s later
	}{
		{"shorter never shortens", 60 * time.Second, 300 * time.Second, 200 * time.Second},
		{"equal", 300 * time.Second, 300 * time.Second, 300 * time.Second},
		{"longer", 600 * time.Second, 600 * time.Second, 600 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := allocation.DefaultConfig()
				config.ChannelBindPermissionLifetime = test.onBind
				table, a := create(t, config)
				permit(t, table, a, peer1)
				for _, want := range []time.Duration{test.afterBind, test.afterBindLate} {
					_, permission, err := table.Bind(a, 0x4000, peer1)
					if permission != want || err != nil {
						t.Errorf("Bind: got %v, %v, want %v", permission, err, want)
					}
					if got := time.Until(permissions(a)[peer1.Addr()]); got != want {
						t.Errorf("left: got %v, want %v", got, want)
					}
					time.Sleep(100 * time.Second)
				}
				// RFC 8656 section 9: a CreatePermission resets to Permission Lifetime.
				permit(t, table, a, peer1)
				if got, want := time.Until(permissions(a)[peer1.Addr()]), 300*time.Second; got != want {
					t.Errorf("left after Permit: got %v, want %v", got, want)
				}
			})
		})
	}
}

func TestBindBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := allocation.DefaultConfig()
		config.MaxChannels, config.MaxPermissions = 2, 1
		table, a := create(t, config)
		bind(t, table, a, 0x4000, peer1)
		if _, _, err := table.Bind(a, 0x4001, peer2); !errors.Is(err, allocation.ErrTooManyPermissions) {
			t.Errorf("second address: got %v, want %v", err, allocation.ErrTooManyPermissions)
		}
		bind(t, table, a, 0x4001, netip.AddrPortFrom(peer1.Addr(), 1))
		if _, _, err := table.Bind(a, 0x4002, netip.AddrPortFrom(peer1.Addr(), 2)); !errors.Is(err, allocation.ErrTooManyChannels) {
			t.Errorf("third channel: got %v, want %v", err, allocation.ErrTooManyChannels)
		}
		bind(t, table, a, 0x4000, peer1)
		time.Sleep(599 * time.Second)
		table.Refresh(a, 0)
		time.Sleep(time.Second)
		bind(t, table, a, 0x4002, peer2)
	})
}

func TestUnbind(t *testing.T) {
	table, a := create(t, allocation.DefaultConfig())
	bind(t, table, a, 0x4000, peer1)
	bind(t, table, a, 0x4001, peer2)
	table.Unbind(a, 0x4000)
	table.Unbind(a, 0x4002)
	if got := slices.Collect(maps.Keys(channels(a))); !slices.Equal(got, []allocation.ChannelNumber{0x4001}) {
		t.Errorf("channels: got %x, want 4001", got)
	}
	if !a.HasPermission(peer1.Addr()) {
		t.Error("Unbind took the permission, want it to stay")
	}
	bind(t, table, a, 0x4000, peer3)
}

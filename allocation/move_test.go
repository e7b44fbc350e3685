package allocation_test

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/allocation"
)

// TestAttach moves a dual allocation to the table of another worker: its state
// comes along and ends there when it would have ended here.
func TestAttach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var before, after []*allocation.Allocation
		from, v4, v6 := createDual(t, &before)
		peer := netip.MustParseAddrPort("192.0.2.9:9")
		if _, err := from.Permit(v4, []netip.Addr{peer.Addr()}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := from.Bind(v4, 0x4001, peer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Second)
		from.Refresh(v6, 700*time.Second)

		var lapsed []netip.Addr
		to := allocation.NewTable(allocation.DefaultConfig(), allocation.Expired{
			Allocation: func(a *allocation.Allocation) { after = append(after, a) },
			Permission: func(_ *allocation.Allocation, peer netip.Addr) { lapsed = append(lapsed, peer) },
		})
		from.Detach(v4)
		if from.Find(tuple(1)) != nil || from.Len() != 0 {
			t.Errorf("left behind: got %v and %d held, want nothing", from.Find(tuple(1)), from.Len())
		}
		if err := to.Attach(v4, tuple(2)); err != nil {
			t.Fatal(err)
		}
		if got := to.Find(tuple(2)); got != v4 || v4.Twin() != v6 || v6.FiveTuple != tuple(2) {
			t.Errorf("arrived: got %v with twin on %v, want both on %v", got, v6.FiveTuple, tuple(2))
		}
		if !v4.HasPermission(peer.Addr()) {
			t.Error("the permission stayed behind")
		}
		for number, channel := range v4.Channels() {
			if number != 0x4001 || channel.Peer != peer {
				t.Errorf("got channel %#x to %s, want 0x4001 to %s", number, channel.Peer, peer)
			}
		}
		time.Sleep(250 * time.Second)
		to.Sweep(time.Now(), unbounded)
		if len(lapsed) != 1 || lapsed[0] != peer.Addr() {
			t.Errorf("permission after 350 s: got %v lapsed, want the one of %s", lapsed, peer.Addr())
		}
		time.Sleep(300 * time.Second)
		to.Sweep(time.Now(), unbounded)
		if len(after) != 1 || after[0] != v4 || to.Find(tuple(2)) != v6 {
			t.Errorf("after 650 s: got %d over, want the family that was not refreshed", len(after))
		}
		time.Sleep(200 * time.Second)
		to.Sweep(time.Now(), unbounded)
		from.Sweep(time.Now(), unbounded)
		if len(after) != 2 || len(before) != 0 || to.Len() != 0 {
			t.Errorf("at the end: got %d and %d over, %d held, want all over where it went", len(after), len(before), to.Len())
		}
	})
}

func TestAttachToTakenTuple(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from, a := create(t, allocation.DefaultConfig())
		to, standing := create(t, allocation.DefaultConfig())
		from.Detach(a)
		if err := to.Attach(a, tuple(1)); !errors.Is(err, allocation.ErrExists) {
			t.Errorf("beside a live one: got %v, want %v", err, allocation.ErrExists)
		}
		if to.Find(tuple(1)) != standing {
			t.Error("beside a live one: it has gone")
		}
		if err := to.Attach(a, tuple(2)); err != nil {
			t.Errorf("to a free one after that: got %v", err)
		}
		to.Refresh(a, time.Hour)
		to.Detach(a)
		time.Sleep(700 * time.Second)
		if err := to.Attach(a, tuple(1)); err != nil || to.Find(tuple(1)) != a {
			t.Errorf("in place of one that is over: got %v", err)
		}
	})
}

package server_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Both families of a dual allocation move, and what one of them alone is left of.
func TestDualAllocationMoves(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	answer := old.do(stun.MethodAllocate, requestedTransport(17), additionalFamily(2), mobilityTicket(nil))
	old.wantCode(answer, 0)
	relayed, ticket := relayedAddresses(t, answer), ticketOf(t, answer)
	if len(relayed) != 2 {
		t.Fatalf("got relayed transport addresses %v, want two", relayed)
	}
	peer6 := openPeer6(t)
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4002), peer(addrOf(peer6))), 0)
	bothWays := func(cl *client) {
		t.Helper()
		f.toPeer(t, cl, 0x4001, relayed[0])
		f.toClient(t, cl, 0x4001, relayed[0])
		cl.send(channelData(0x4002, []byte("six")))
		b := make([]byte, 100)
		n, from, err := peer6.ReadFromUDPAddrPort(b)
		if err != nil || string(b[:n]) != "six" || from != relayed[1] {
			t.Fatalf("to the IPv6 peer: got % x from %s, %v", b[:n], from, err)
		}
		if _, err := peer6.WriteToUDPAddrPort([]byte("back"), relayed[1]); err != nil {
			t.Fatal(err)
		}
		if got, want := cl.receiveRaw(), channelData(0x4002, []byte("back")); !bytes.Equal(got, want) {
			t.Errorf("from the IPv6 peer: got % x, want % x", got, want)
		}
	}
	bothWays(old)
	for i := range 4 {
		cl := f.dialWorker(t, (i+1)%2, "alice", "wonderland")
		ticket = cl.resume(ticket)
		bothWays(cl)
		old = cl
	}
	old.wantCode(old.do(stun.MethodRefresh, lifetime(0), requestedFamily(1)), 0)
	last := f.dialWorker(t, 1, "alice", "wonderland")
	last.resume(ticket)
	last.send(channelData(0x4002, []byte("six")))
	if n, from, err := peer6.ReadFromUDPAddrPort(make([]byte, 100)); err != nil || n != 3 || from != relayed[1] {
		t.Errorf("to the IPv6 peer: got %d bytes from %s, %v", n, from, err)
	}
	last.wantCode(last.do(stun.MethodCreatePermission, peer(f.peer)), 443)
	f.wantMobiles(t, 1)
	last.wantCode(last.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
}

// A move fills no bucket, neither the allocation's nor that of its user, and no
// pace.
func TestMoveKeepsLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		limits quota.Limits
		drop   fastpath.DropReason
	}{
		"bandwidth":         {quota.Limits{AllocationToPeerBitsPerSecond: 8, Burst: time.Second}, fastpath.DropRateToPeer},
		"bandwidth of user": {quota.Limits{UserToPeerBitsPerSecond: 8, Burst: time.Second}, fastpath.DropUserToPeer},
		"packets":           {quota.Limits{AllocationToPeerPacketsPerSecond: 1, Burst: time.Second}, fastpath.DropPacketsToPeer},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, withMobility, func(o *options) { o.settings.Quota = tt.limits })
			old := f.dialWorker(t, 0, "alice", "wonderland")
			relayed, ticket := old.allocateMobile()
			old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
			f.toPeer(t, old, 0x4001, relayed)
			begin := time.Now()
			sent := uint64(0)
			for ; sent < 20; sent++ {
				old.send(channelData(0x4001, make([]byte, 1200)))
			}
			f.awaitDrop(t, tt.drop)
			fresh := f.dialWorker(t, 1, "alice", "wonderland")
			fresh.resume(ticket)
			fresh.send(channelData(0x4001, make([]byte, 1200)))
			f.wantMobiles(t, 1)
			before := f.drops(tt.drop)
			for range 20 {
				fresh.send(channelData(0x4001, make([]byte, 1200)))
			}
			var through, most uint64
			for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				through, most = 20-(f.drops(tt.drop)-before), uint64(time.Since(begin)/time.Second)+1
				if through <= most {
					return
				}
			}
			t.Errorf("got %d of 20 datagrams through after the move, want at most %d", through, most)
		})
	}
}

func (f *fixture) drops(reason fastpath.DropReason) (n uint64) {
	for _, w := range f.engine.Workers() {
		n += w.Stats().Drops[reason]
	}
	return n
}

func (f *fixture) awaitDrop(t *testing.T, reason fastpath.DropReason) {
	t.Helper()
	for deadline := time.Now().Add(answerTimeout); f.drops(reason) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing was dropped for %s", reason)
		}
	}
}

// Events tell of one allocation, by one number, wherever it goes; its counts go
// with it.
func TestEventsOfAMobileAllocation(t *testing.T) {
	f, heard := startHeard(t, withMobility)
	old := dial(t, f.addr, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	f.toPeer(t, old, 0x4001, relayed)
	fresh := dial(t, f.addr, "alice", "wonderland")
	fresh.resume(ticket)
	f.toPeer(t, fresh, 0x4001, relayed)
	f.toClient(t, fresh, 0x4001, relayed)
	fresh.wantCode(fresh.do(stun.MethodRefresh, lifetime(0)), 0)
	var got []events.Event
	for n := 3; len(got) < 3; n++ {
		got = slices.DeleteFunc(heard.wait(t, n), func(e events.Event) bool { return e.Type == events.Usage })
	}
	for i, want := range []events.Type{events.Created, events.Refreshed, events.Ended} {
		if got[i].Type != want || got[i].ID != got[0].ID {
			t.Errorf("event %d: got %s of %s, want %s of %s", i, got[i].Type, got[i].ID, want, got[0].ID)
		}
	}
	end := got[2]
	if end.Client != fresh.addr() || end.ToPeerPackets != 2 || end.ToPeerBytes != 80 || end.ToClientPackets != 1 {
		t.Errorf("got the end %+v, want it at %s with 2 packets of 80 bytes to the peer and 1 to the client", end, fresh.addr())
	}
}

// A reload that denies more, or takes the user away, reaches an allocation
// wherever it has gone.
func TestReloadReachesMovedAllocation(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	fresh.resume(ticket)
	f.toPeer(t, fresh, 0x4001, relayed)
	f.apply(t, func(o *options) {
		o.settings = server.Settings{
			Allocation: o.settings.Allocation, Mobility: true,
			AllowPeers: o.settings.AllowPeers, DenyPeers: append(o.settings.DenyPeers, rule(t, f.peer.Addr().String())),
		}
	})
	fresh.send(channelData(0x4001, []byte("denied")))
	f.wantDrops(t, fastpath.DropNoPermission, 1)
	f.apply(t, func(o *options) { o.auth.Users = o.auth.Users[1:] })
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
}

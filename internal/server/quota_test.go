package server_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Fifty clients ask at the same time for the last allocation of their user.
func TestRaceForTheLastAllocation(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Quota = quota.Limits{UserAllocations: 3} })
	for range 2 {
		dial(t, f.addr, "alice", "wonderland").allocate()
	}
	var clients []*client
	for range 50 {
		cl := dial(t, f.addr, "alice", "wonderland")
		cl.challenge()
		clients = append(clients, cl)
	}
	var group sync.WaitGroup
	codes := make(chan int, len(clients))
	begin := make(chan struct{})
	for _, cl := range clients {
		group.Go(func() {
			<-begin
			codes <- errorCode(cl.do(stun.MethodAllocate, requestedTransport(17)))
		})
	}
	close(begin)
	group.Wait()
	got := map[int]int{}
	for range clients {
		got[<-codes]++
	}
	if got[0] != 1 || got[486] != len(clients)-1 {
		t.Errorf("got answers by code %v, want one success and the rest 486", got)
	}
}

// New peers come no faster than the limit; those that have a permission do not
// count, nor does a request that was refused.
func TestNewPeersPerSecond(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Quota = quota.Limits{AllocationNewPeersPerSecond: 2} })
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	host := func(last byte) stun.Setter {
		return peer(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, last}), 9))
	}
	begin := time.Now()
	cl.wantCode(cl.do(stun.MethodCreatePermission, host(2), host(3)), 0)
	third := errorCode(cl.do(stun.MethodCreatePermission, host(4)))
	bind := errorCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), host(5)))
	if time.Since(begin) < 500*time.Millisecond && (third != 508 || bind != 508) {
		t.Errorf("a third peer in half a second: got codes %d and %d, want 508", third, bind)
	}
	cl.wantCode(cl.do(stun.MethodCreatePermission, host(2), host(3)), 0)
	f.apply(t, func(o *options) { o.settings.Quota = quota.Limits{} })
	for last := range byte(50) {
		cl.wantCode(cl.do(stun.MethodCreatePermission, host(10+last)), 0)
	}
}

// A channel to another port of a permitted host is a new peer, as a permission does
// not tell ports apart; one that is bound already is not, and one ChannelBind counts
// once.
func TestNewChannelsAreNewPeers(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Quota = quota.Limits{AllocationNewPeersPerSecond: 2} })
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	bind := func(number, port uint16) *stun.Message {
		return cl.do(stun.MethodChannelBind, channelNumber(number), peer(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), port)))
	}
	begin := time.Now()
	cl.wantCode(bind(0x4000, 9), 0)
	cl.wantCode(bind(0x4001, 10), 0)
	third := errorCode(bind(0x4002, 11))
	if time.Since(begin) < 500*time.Millisecond && third != 508 {
		t.Errorf("a third port in half a second: got code %d, want 508", third)
	}
	for range 10 {
		cl.wantCode(bind(0x4000, 9), 0)
		cl.wantCode(cl.do(stun.MethodCreatePermission, peer(netip.MustParseAddrPort("127.0.0.2:99"))), 0)
	}
	if got := f.server.Stats().Quota.Refused[quota.LimitNewPeers]; third == 508 && got != 1 {
		t.Errorf("counted: got %d, want the one refusal", got)
	}
}

// awaitEnd waits until so many allocations ended for a cause.
func (f *fixture) awaitEnd(t *testing.T, cause string, want uint64) {
	t.Helper()
	var got uint64
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got = f.server.Stats().Ended[cause]; got == want {
			return
		}
	}
	t.Errorf("got %d allocations ended by %s, want %d", got, cause, want)
}

// A user whose bytes are used up loses the allocations and gets no other; the
// next user is not touched.
func TestBytesOfAPeriodEndAllocations(t *testing.T) {
	f := start(t, func(o *options) {
		o.settings.Quota = quota.Limits{UserBytes: 1000, UsagePeriod: 24 * time.Hour}
	})
	alice, bob := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "bob", "builder")
	relayed := alice.allocate()
	bob.allocate()
	alice.wantCode(alice.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	alice.send(channelData(0x4000, make([]byte, 600)))
	f.receiveFromRelay(t)
	f.sendToRelay(t, relayed, make([]byte, 600)) // both directions count
	alice.receiveRaw()
	f.awaitEnd(t, "quota", 1)
	alice.wantCode(alice.do(stun.MethodRefresh), 437)
	alice.wantCode(alice.do(stun.MethodAllocate, requestedTransport(17)), 486)
	bob.wantCode(bob.do(stun.MethodRefresh), 0)
	f.apply(t, func(o *options) {
		o.settings.QuotaOverrides = []quota.Override{{Realm: "example.org", User: "alice", Limits: quota.Limits{UserBytes: 5000}}}
	})
	alice.allocate()
	if got := f.server.Stats().Quota.Refused[quota.LimitUserBytes]; got != 2 {
		t.Errorf("counted: got %d, want the end and the refusal", got)
	}
}

// An allocation ends at its age although it is refreshed.
func TestAllocationAgeEndsAllocations(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Quota = quota.Limits{UserAllocationAge: time.Millisecond} })
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	f.awaitEnd(t, "quota", 1)
	f.wantNothingHeld(t)
}

// Shared bandwidth holds for all allocations of a user, whichever workers have
// them, comes and goes with a reload, and an override of the user wins.
func TestSharedBandwidthFollowsReload(t *testing.T) {
	f := start(t, func(o *options) { o.workers = 4 })
	var clients []*client
	for range 8 {
		cl := dial(t, f.addr, "alice", "wonderland")
		cl.allocate()
		cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
		clients = append(clients, cl)
	}
	limited := quota.Limits{UserToPeerBitsPerSecond: 8, Burst: time.Second}
	f.apply(t, func(o *options) { o.settings.Quota = limited })
	sendAll := func() {
		for _, cl := range clients {
			cl.send(channelData(0x4000, make([]byte, 1200)))
		}
	}
	sendAll()
	f.receiveFromRelay(t) // a full bucket admits one datagram of any size
	f.wantDrops(t, fastpath.DropUserToPeer, 7)
	f.apply(t, func(o *options) {
		o.settings.QuotaOverrides = []quota.Override{
			{Realm: "example.org", User: "alice", Limits: quota.Limits{UserToPeerBitsPerSecond: quota.Unlimited}},
		}
	})
	sendAll()
	for range clients {
		f.receiveFromRelay(t)
	}
	f.apply(t, func(o *options) {
		o.settings = server.Settings{Allocation: o.settings.Allocation, AllowPeers: o.settings.AllowPeers, Quota: limited}
	})
	sendAll()
	f.receiveFromRelay(t)
	f.wantDrops(t, fastpath.DropUserToPeer, 14)
}

//go:build !race

package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// request sends one signed request of a client's credential.
func (c *crowd) request(client netip.AddrPort, user string, method stun.Method, attrs ...stun.Setter) {
	username, password := authn.IssueREST(crowdSecret, user, time.Now().Add(time.Hour))
	setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attrs...)
	m := stun.MustBuild(append(setters,
		stun.NewUsername(username), stun.NewRealm("example.org"),
		stun.NewNonce(string(c.nonces.Mint(nil, client, "example.org", c.auth.Features()))),
		stun.NewLongTermIntegrity(username, "example.org", password))...)
	c.handler.Control(c.worker, []fastpath.Message{{Data: m.Raw, Client: client}})
}

// TestFailedAllocateLeavesNothing lets Allocate requests fail at every step, in a
// random order and among others that succeed, and looks for what they left.
func TestFailedAllocateLeavesNothing(t *testing.T) {
	const seed, cycles, slots = 11, 4000, 512
	c := newCrowd(t)
	s := c.handler.server
	open := s.config.OpenRelay
	s.buckets = bucket.NewArray(slots)
	limits := quota.Limits{
		UserAllocations: 3, TenantAllocations: 500, RealmAllocations: 40, ClientAllocations: 2, ServerAllocations: 50,
		UserToPeerBitsPerSecond: 1e6, RealmToClientBitsPerSecond: 1e9, ServerToPeerBitsPerSecond: 1e9, Burst: time.Millisecond,
		AllocationToPeerBitsPerSecond: 1e6, AllocationToPeerPacketsPerSecond: 100,
	}
	s.ledger = quota.NewLedger(s.buckets, limits)

	// Each takes something away that the request needs, and puts it back.
	failures := []struct {
		name string
		fail func(client netip.AddrPort) (restore func())
	}{
		{"none", func(netip.AddrPort) func() { return func() {} }},
		{"no descriptor", func(netip.AddrPort) func() {
			s.config.OpenRelay = func(netip.AddrPort) (*udpbatch.Conn, error) { return nil, errors.New("injected") }
			return func() { s.config.OpenRelay = open }
		}},
		{"second of a pair does not open", func(netip.AddrPort) func() {
			calls := 0
			s.config.OpenRelay = func(local netip.AddrPort) (*udpbatch.Conn, error) {
				if calls++; calls == 2 {
					return nil, errors.New("injected")
				}
				return open(local)
			}
			return func() { s.config.OpenRelay = open }
		}},
		{"no bucket left", func(netip.AddrPort) func() { return drain(s.buckets, 0) }},
		{"one bucket left", func(netip.AddrPort) func() { return drain(s.buckets, 1) }},
		{"two buckets left", func(netip.AddrPort) func() { return drain(s.buckets, 2) }},
		{"not published", func(client netip.AddrPort) func() {
			id, err := c.worker.Publish(fastpath.Allocation{Client: client, Relay: udpbatch.Discard(client), Lifetime: time.Minute})
			if err != nil {
				return func() {}
			}
			return func() { c.worker.Withdraw(id) }
		}},
	}
	random := rand.New(rand.NewPCG(seed, seed))
	failed := make([]int, len(failures))
	for range cycles {
		client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 0, 0, byte(random.IntN(40))}), uint16(5000+random.IntN(3)))
		user := fmt.Sprint("user", random.IntN(20))
		if a := c.handler.table.Find(allocation.FiveTuple{Transport: allocation.TransportUDP, Client: client, Server: c.worker.ListenerAddr(0)}); a != nil {
			c.handler.end(a, endClient)
			continue
		}
		attrs := []stun.Setter{stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}}
		switch random.IntN(3) {
		case 0:
			attrs = append(attrs, stun.RawAttribute{Type: stun.AttrEvenPort, Value: []byte{0x80}})
		case 1:
			attrs = append(attrs, stun.RawAttribute{Type: stun.AttrEvenPort, Value: []byte{0}})
		}
		which := random.IntN(len(failures))
		before := c.handler.counts.created.Load()
		restore := failures[which].fail(client)
		c.request(client, user, stun.MethodAllocate, attrs...)
		restore()
		if c.handler.counts.created.Load() == before {
			failed[which]++
		}
		if live, reserved := s.ledger.Stats().Live, len(s.reservations.held); live != c.handler.table.Len()+reserved {
			t.Fatalf("%s: got %d counted, want %d allocations and %d reservations", failures[which].name, live, c.handler.table.Len(), reserved)
		}
	}
	for i, f := range failures {
		if failed[i] == 0 {
			t.Errorf("%s: no request failed", f.name)
		}
	}
	for a := range c.handler.table.All() {
		c.handler.end(a, endClient)
	}
	s.reservations.sweep(time.Now().Add(time.Hour))
	if got := s.ledger.Stats(); got.Live+got.Realms+got.Tenants+got.Users+got.Clients != 0 {
		t.Errorf("got %+v, want nobody to hold anything", got)
	}
	for addr, pool := range *s.pools.Load() {
		if pool.Free() != pool.Size() {
			t.Errorf("%s: got %d of %d ports free, want all", addr, pool.Free(), pool.Size())
		}
	}
	// Only the server's bucket outlives its holders, and those of accounts that
	// wait until their rate has recovered.
	deadline := time.Now().Add(30 * time.Second)
	for want := slots - 1; ; time.Sleep(10 * time.Millisecond) {
		s.ledger.Sweep()
		free := 0
		restore := drain(s.buckets, 0, &free)
		restore()
		if free == want {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %d buckets free, want %d", free, want)
		}
	}
}

// drain takes all buckets but so many, and returns how to give them back.
func drain(buckets *bucket.Array, leave int, count ...*int) (restore func()) {
	var taken []bucket.Index
	for {
		i, ok := buckets.Reserve(1, 1)
		if !ok {
			break
		}
		taken = append(taken, i)
	}
	for _, n := range count {
		*n = len(taken)
	}
	for range min(leave, len(taken)) {
		buckets.Release(taken[len(taken)-1])
		taken = taken[:len(taken)-1]
	}
	return func() {
		for _, i := range taken {
			buckets.Release(i)
		}
	}
}

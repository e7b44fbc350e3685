package quota_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/quota"
)

// who is an identity in a fixed realm.
func who(user, client string) quota.Identity {
	return quota.Identity{Realm: "example.org", User: user, Client: netip.MustParseAddr(client)}
}

// of is an identity of a tenant in that realm.
func of(tenant, user string) quota.Identity {
	id := who(user, "192.0.2.1")
	id.Tenant = tenant
	return id
}

// mustReserve reserves or ends the test.
func mustReserve(t *testing.T, l *quota.Ledger, id quota.Identity) *quota.Hold {
	t.Helper()
	h, err := l.Reserve(id)
	if err != nil {
		t.Fatalf("reserve %v: got %v, want a hold", id, err)
	}
	return h
}

// wantRefused checks that the next allocation of id meets the limit.
func wantRefused(t *testing.T, l *quota.Ledger, id quota.Identity, want quota.Limit) {
	t.Helper()
	_, err := l.Reserve(id)
	exceeded, ok := errors.AsType[*quota.ExceededError](err)
	if !ok || exceeded.Limit != want || !errors.Is(err, quota.ErrExceeded) {
		t.Fatalf("reserve %v: got %v, want refusal by %v", id, err, want)
	}
	if got, want := err.Error(), "quota exceeded: "+want.String(); got != want {
		t.Errorf("error text: got %q, want %q", got, want)
	}
}

func TestLiveLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits quota.Limits
		held   []quota.Identity
		next   quota.Identity
		want   quota.Limit // NumLimits: not refused
	}{
		{"unlimited", quota.Limits{}, []quota.Identity{who("a", "192.0.2.1"), who("a", "192.0.2.1")}, who("a", "192.0.2.1"), quota.NumLimits},
		{"user full", quota.Limits{UserAllocations: 2}, []quota.Identity{who("a", "192.0.2.1"), who("a", "192.0.2.2")}, who("a", "192.0.2.3"), quota.LimitUserAllocations},
		{"other user", quota.Limits{UserAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")}, who("b", "192.0.2.1"), quota.NumLimits},
		{"same user in another realm", quota.Limits{UserAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")},
			quota.Identity{Realm: "example.net", User: "a", Client: netip.MustParseAddr("192.0.2.1")}, quota.NumLimits},
		{"anonymous has no user limit", quota.Limits{UserAllocations: 1}, []quota.Identity{who("", "192.0.2.1")}, who("", "192.0.2.1"), quota.NumLimits},
		{"client full", quota.Limits{ClientAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")}, who("b", "192.0.2.1"), quota.LimitClientAllocations},
		{"other IPv4 client", quota.Limits{ClientAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")}, who("b", "192.0.2.2"), quota.NumLimits},
		{"mapped client", quota.Limits{ClientAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")}, who("b", "::ffff:192.0.2.1"), quota.LimitClientAllocations},
		{"same /64", quota.Limits{ClientAllocations: 1}, []quota.Identity{who("a", "2001:db8::1")}, who("b", "2001:db8::ffff:1"), quota.LimitClientAllocations},
		{"same /64 with a zone", quota.Limits{ClientAllocations: 1}, []quota.Identity{who("a", "fe80::1")}, who("b", "fe80::2%eth0"), quota.LimitClientAllocations},
		{"other /64", quota.Limits{ClientAllocations: 1}, []quota.Identity{who("a", "2001:db8::1")}, who("b", "2001:db8:0:1::1"), quota.NumLimits},
		{"realm full", quota.Limits{RealmAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")}, who("b", "192.0.2.2"), quota.LimitRealmAllocations},
		{"other realm", quota.Limits{RealmAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")},
			quota.Identity{Realm: "example.net", User: "a", Client: netip.MustParseAddr("192.0.2.1")}, quota.NumLimits},
		{"tenant full", quota.Limits{TenantAllocations: 1}, []quota.Identity{of("acme", "a")}, of("acme", "b"), quota.LimitTenantAllocations},
		{"tenant full without a user", quota.Limits{TenantAllocations: 1}, []quota.Identity{of("acme", "")}, of("acme", "b"), quota.LimitTenantAllocations},
		{"other tenant", quota.Limits{TenantAllocations: 1}, []quota.Identity{of("acme", "a")}, of("umbrella", "a"), quota.NumLimits},
		{"same user of another tenant", quota.Limits{UserAllocations: 1}, []quota.Identity{of("acme", "a")}, of("umbrella", "a"), quota.NumLimits},
		{"tenants share a realm", quota.Limits{RealmAllocations: 1}, []quota.Identity{of("acme", "a")}, of("umbrella", "a"), quota.LimitRealmAllocations},
		{"server full", quota.Limits{ServerAllocations: 1}, []quota.Identity{who("a", "192.0.2.1")}, who("b", "192.0.2.2"), quota.LimitServerAllocations},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := quota.NewLedger(nil, tt.limits)
			var holds []*quota.Hold
			for _, id := range tt.held {
				h := mustReserve(t, l, id)
				h.Commit()
				holds = append(holds, h)
			}
			if tt.want == quota.NumLimits {
				mustReserve(t, l, tt.next)
				return
			}
			wantRefused(t, l, tt.next, tt.want)
			holds[0].Release()
			mustReserve(t, l, tt.next)
			if got := l.Stats().Refused[tt.want]; got != 1 {
				t.Errorf("refusals by %v: got %d, want 1", tt.want, got)
			}
		})
	}
}

func TestRefusalCountsNothing(t *testing.T) {
	l := quota.NewLedger(nil, quota.Limits{UserAllocations: 10, ClientAllocations: 1})
	mustReserve(t, l, who("a", "192.0.2.1"))
	before := l.Stats()
	for range 20 { // twice the user's limit: a leak of one per refusal would show
		wantRefused(t, l, who("b", "192.0.2.1"), quota.LimitClientAllocations)
	}
	after := l.Stats()
	after.Refused = before.Refused
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("counts changed by refusals (-before +after):\n%s", diff)
	}
	if users, clients := l.Accounts(); users != 1 || clients != 1 {
		t.Errorf("accounts: got %d users and %d clients, want 1 and 1", users, clients)
	}
	mustReserve(t, l, who("b", "192.0.2.2"))
}

func TestReleaseOnce(t *testing.T) {
	for _, commit := range []bool{false, true} {
		t.Run(fmt.Sprintf("commit=%t", commit), func(t *testing.T) {
			l := quota.NewLedger(nil, quota.Limits{})
			other := mustReserve(t, l, who("a", "192.0.2.1"))
			h := mustReserve(t, l, who("a", "192.0.2.1"))
			if commit {
				h.Commit()
			}
			h.Release()
			h.Release()
			if got, want := l.Stats(), (quota.Stats{Live: 1, Realms: 1, Users: 1, Clients: 1}); got != want {
				t.Errorf("after two releases of one hold: got %+v, want %+v", got, want)
			}
			other.Release()
			if got, want := l.Stats(), (quota.Stats{}); got != want {
				t.Errorf("after all releases: got %+v, want %+v", got, want)
			}
		})
	}
}

func TestAnonymousCounts(t *testing.T) {
	l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 1})
	first, second := mustReserve(t, l, who("", "192.0.2.1")), mustReserve(t, l, who("", "192.0.2.1"))
	if got, want := l.Stats(), (quota.Stats{Live: 2, Realms: 1, Clients: 1}); got != want {
		t.Errorf("live: got %+v, want %+v", got, want)
	}
	first.Release()
	second.Release()
	if got, want := l.Stats(), (quota.Stats{}); got != want {
		t.Errorf("released: got %+v, want %+v", got, want)
	}
}

func TestSetLimits(t *testing.T) {
	l := quota.NewLedger(nil, quota.Limits{})
	a := mustReserve(t, l, who("a", "192.0.2.1"))
	b := mustReserve(t, l, who("a", "192.0.2.1"))
	l.SetLimits(quota.Limits{UserAllocations: 1})
	if got := l.Stats().Live; got != 2 {
		t.Errorf("live after lowering the limit: got %d, want 2", got)
	}
	wantRefused(t, l, who("a", "192.0.2.1"), quota.LimitUserAllocations)
	a.Release()
	wantRefused(t, l, who("a", "192.0.2.1"), quota.LimitUserAllocations)
	b.Release()
	mustReserve(t, l, who("a", "192.0.2.1"))
	l.SetLimits(quota.Limits{UserAllocations: 2, Burst: time.Second})
	mustReserve(t, l, who("a", "192.0.2.1"))
	if got, want := l.Limits(), (quota.Limits{UserAllocations: 2, Burst: time.Second}); got != want {
		t.Errorf("limits: got %+v, want %+v", got, want)
	}
}

func TestDefaultLimits(t *testing.T) {
	want := quota.Limits{
		UserAllocations:                    64,
		UserAllocationsPerSecond:           20,
		ClientAllocations:                  1000,
		ClientAllocationsPerSecond:         100,
		UsagePeriod:                        24 * time.Hour,
		AllocationToPeerBitsPerSecond:      100e6,
		AllocationToClientBitsPerSecond:    100e6,
		AllocationToPeerPacketsPerSecond:   20_000,
		AllocationToClientPacketsPerSecond: 20_000,
		AllocationNewPeersPerSecond:        20,
		AllocationTCPConnections:           64,
		Burst:                              250 * time.Millisecond,
	}
	if diff := cmp.Diff(want, quota.DefaultLimits()); diff != "" {
		t.Errorf("default limits (-want +got):\n%s", diff)
	}
}

func TestLimitNames(t *testing.T) {
	seen := make(map[string]bool)
	for l := range quota.NumLimits {
		seen[l.String()] = true
	}
	if len(seen) != int(quota.NumLimits) || seen[quota.NumLimits.String()] {
		t.Errorf("got names %v, want %d different ones", seen, quota.NumLimits)
	}
}

func TestRaceForTheLast(t *testing.T) {
	limits := map[string]quota.Limits{
		"user":   {UserAllocations: 8},
		"realm":  {RealmAllocations: 8},
		"client": {ClientAllocations: 8},
		"server": {ServerAllocations: 8},
		"rate":   {UserAllocationsPerSecond: 8},
	}
	for name, limit := range limits {
		t.Run(name, func(t *testing.T) {
			l := quota.NewLedger(nil, limit)
			for range 7 {
				mustReserve(t, l, who("a", "192.0.2.1")).Commit()
			}
			var group sync.WaitGroup
			won := make(chan *quota.Hold, 50)
			start := make(chan struct{})
			for range cap(won) {
				group.Go(func() {
					<-start
					if h, err := l.Reserve(who("a", "192.0.2.1")); err == nil {
						h.Commit()
						won <- h
					}
				})
			}
			close(start)
			group.Wait()
			if len(won) != 1 || l.Stats().Live != 8 {
				t.Errorf("got %d winners and %d live, want 1 and 8", len(won), l.Stats().Live)
			}
		})
	}
}

func TestRandomCyclesLeaveNothing(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	l := quota.NewLedger(nil, quota.Limits{UserAllocations: 5, ClientAllocations: 9, ServerAllocations: 60})
	held := make(map[string]int) // naive model: live holds by user, by client, in total
	type live struct {
		hold *quota.Hold
		keys [3]string
	}
	var holds []live
	drop := func(i int) {
		holds[i].hold.Release()
		for _, k := range holds[i].keys {
			held[k]--
		}
		holds[i] = holds[len(holds)-1]
		holds = holds[:len(holds)-1]
	}
	for range 100_000 {
		if len(holds) > 0 && random.IntN(2) == 0 {
			drop(random.IntN(len(holds)))
			continue
		}
		id := who(fmt.Sprint("user", random.IntN(20)), fmt.Sprintf("192.0.2.%d", random.IntN(10)))
		keys := [3]string{id.User, id.Client.String(), "server"}
		fits := held[keys[0]] < 5 && held[keys[1]] < 9 && held[keys[2]] < 60
		h, err := l.Reserve(id)
		if fits != (err == nil) {
			t.Fatalf("seed %d: reserve %v: got %v, model says fits=%t", seed, id, err, fits)
		}
		if err != nil {
			continue
		}
		if random.IntN(4) == 0 { // the Allocate failed further on
			h.Release()
			continue
		}
		h.Commit()
		for _, k := range keys {
			held[k]++
		}
		holds = append(holds, live{h, keys})
	}
	for len(holds) > 0 {
		drop(0)
	}
	got := l.Stats()
	if got.Live != 0 || got.Users != 0 || got.Clients != 0 {
		t.Errorf("after all cycles: got %+v, want all zero", got)
	}
	if users, clients := l.Accounts(); users != 0 || clients != 0 {
		t.Errorf("accounts: got %d users and %d clients, want none", users, clients)
	}
}

func TestHoldIsSmall(t *testing.T) {
	if size := reflect.TypeFor[quota.Hold]().Size(); size > 64 {
		t.Errorf("got %d bytes per hold, want at most 64", size)
	}
}

func BenchmarkReserveRelease(b *testing.B) {
	l := quota.NewLedger(nil, quota.Limits{UserAllocations: 64, ClientAllocations: 1000})
	id := who("alice", "192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		h, err := l.Reserve(id)
		if err != nil {
			b.Fatal(err)
		}
		h.Release()
	}
}

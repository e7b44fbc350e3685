package quota_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/quota"
)

func TestOverrides(t *testing.T) {
	overrides := []quota.Override{
		{Realm: "example.org", Limits: quota.Limits{UserAllocations: 2, TenantAllocations: 3}},
		{Realm: "example.org", Tenant: "acme", Limits: quota.Limits{UserAllocations: 4, TenantAllocations: 5}},
		{Realm: "example.org", Tenant: "acme", User: "alice", Limits: quota.Limits{UserAllocations: quota.Unlimited, TenantAllocations: 99}},
		{Realm: "example.org", User: "bob", Limits: quota.Limits{UserAllocations: 6}},
	}
	tests := []struct {
		name string
		id   quota.Identity
		want int // allocations before the refusal
		by   quota.Limit
	}{
		{"elsewhere", quota.Identity{Realm: "example.net", User: "x"}, 1, quota.LimitUserAllocations},
		{"realm", who("x", "192.0.2.1"), 2, quota.LimitUserAllocations},
		{"tenant", of("acme", "x"), 4, quota.LimitUserAllocations},
		{"user of a tenant has no say about it", of("acme", "alice"), 5, quota.LimitTenantAllocations},
		{"user", who("bob", "192.0.2.1"), 6, quota.LimitUserAllocations},
		{"same name of a tenant", of("umbrella", "bob"), 2, quota.LimitUserAllocations},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := quota.NewLedger(nil, quota.Limits{UserAllocations: 1}, overrides...)
			for range tt.want {
				mustReserve(t, l, tt.id)
			}
			wantRefused(t, l, tt.id, tt.by)
			l.SetLimits(quota.Limits{})
			mustReserve(t, l, tt.id)
		})
	}
}

// TestEveryLimitCanBeOverridden sets each field of an Override alone.
func TestEveryLimitCanBeOverridden(t *testing.T) {
	fixed := map[string]bool{"UsagePeriod": true, "ServerAllocations": true, "ServerToPeerBitsPerSecond": true, "ServerToClientBitsPerSecond": true}
	limits := reflect.TypeFor[quota.Limits]()
	for field := range limits.Fields() {
		var o quota.Override
		o.Realm, o.User = "example.org", "a"
		reflect.ValueOf(&o.Limits).Elem().FieldByIndex(field.Index).SetInt(7)
		h := mustReserve(t, quota.NewLedger(bucket.NewArray(8), quota.DefaultLimits(), o), who("a", "192.0.2.1"))
		terms, err := h.Terms()
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.ValueOf(terms.Limits).FieldByIndex(field.Index).Int() == 7
		if got == fixed[field.Name] {
			t.Errorf("%s: overridden %v, want %v", field.Name, got, !fixed[field.Name])
		}
	}
}

func TestSharedBuckets(t *testing.T) {
	limits := quota.Limits{
		UserToPeerBitsPerSecond: 1000, TenantToClientBitsPerSecond: 2000, ServerToPeerBitsPerSecond: 4000, Burst: time.Second,
	}
	l := quota.NewLedger(bucket.NewArray(16), limits)
	shared := func(id quota.Identity) [quota.NumDirections][quota.NumShared]bucket.Index {
		t.Helper()
		terms, err := mustReserve(t, l, id).Terms()
		if err != nil {
			t.Fatal(err)
		}
		return terms.Shared
	}
	alice, again, bob := shared(of("acme", "alice")), shared(of("acme", "alice")), shared(of("acme", "bob"))
	if alice != again {
		t.Errorf("two allocations of one user: got %v and %v, want the same buckets", alice, again)
	}
	for direction, set := range [quota.NumDirections][quota.NumShared]bool{{true, false, false, true}, {false, true, false, false}} {
		for i, index := range alice[direction] {
			if (index != 0) != set[i] {
				t.Errorf("direction %d, holder %d: got bucket %d, want one: %v", direction, i, index, set[i])
			}
		}
	}
	if alice[quota.ToPeer][0] == bob[quota.ToPeer][0] || alice[quota.ToPeer][3] != bob[quota.ToPeer][3] || alice[quota.ToClient][1] != bob[quota.ToClient][1] {
		t.Errorf("two users of one tenant: got %v and %v, want own and common buckets", alice, bob)
	}
}

func TestSharedBucketsFollowLimits(t *testing.T) {
	buckets := bucket.NewArray(4)
	l := quota.NewLedger(buckets, quota.Limits{Burst: time.Second})
	h := mustReserve(t, l, who("a", "192.0.2.1"))
	index := func() bucket.Index {
		t.Helper()
		terms, err := h.Terms()
		if err != nil {
			t.Fatal(err)
		}
		return terms.Shared[quota.ToPeer][0]
	}
	if got := index(); got != 0 {
		t.Fatalf("without a limit: got bucket %d, want none", got)
	}
	l.SetLimits(quota.Limits{UserToPeerBitsPerSecond: 8000, Burst: time.Second})
	limited := index()
	if limited == 0 || !buckets.Take(limited, 1, 1000) || buckets.Take(limited, 1, 1) {
		t.Errorf("a limit that came: got bucket %d, want one of 1,000 bytes", limited)
	}
	if same := index(); same != limited || buckets.Take(limited, 1, 1) {
		t.Errorf("Terms once more filled the bucket, or made another: %d and %d", same, limited)
	}
	l.SetLimits(quota.Limits{Burst: time.Second})
	if got := index(); got != 0 || !buckets.Take(limited, 1, 1<<16) {
		t.Errorf("a limit that went: got bucket %d, and the old one must admit everything", got)
	}
}

func TestNoBucketLeavesNothing(t *testing.T) {
	l := quota.NewLedger(bucket.NewArray(1), quota.Limits{UserToPeerBitsPerSecond: 1000, Burst: time.Second})
	h := mustReserve(t, l, who("a", "192.0.2.1"))
	before := l.Stats()
	if _, err := l.Reserve(who("b", "192.0.2.2")); err != quota.ErrNoBucket {
		t.Fatalf("got %v, want ErrNoBucket", err)
	}
	if after := l.Stats(); after != before {
		t.Errorf("got %+v, want %+v as before", after, before)
	}
	if users, clients := l.Accounts(); users != 1 || clients != 1 {
		t.Errorf("got %d users and %d clients remembered, want one each", users, clients)
	}
	h.Release()
}

package quota_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/quota"
)

// wantOver checks what a charge of bytes ends in; NumLimits is nothing.
func wantOver(t *testing.T, h *quota.Hold, bytes uint64, age time.Duration, want quota.Limit) {
	t.Helper()
	err := h.Use(bytes, age)
	exceeded, ok := errors.AsType[*quota.ExceededError](err)
	if ok != (want < quota.NumLimits) || ok && exceeded.Limit != want {
		t.Fatalf("use %d bytes at %s: got %v, want %v", bytes, age, err, want)
	}
}

func TestBytesPerPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.NewLedger(nil, quota.Limits{UserBytes: 1000, UsagePeriod: time.Hour})
		if !l.Counting() {
			t.Fatal("got no counting, want it with a limit of bytes")
		}
		a, b := mustReserve(t, l, who("a", "192.0.2.1")), mustReserve(t, l, who("b", "192.0.2.1"))
		a.Commit()
		wantOver(t, a, 999, 0, quota.NumLimits)
		wantOver(t, b, 1, 0, quota.NumLimits)
		wantOver(t, a, 1, 0, quota.LimitUserBytes)
		wantRefused(t, l, who("a", "192.0.2.9"), quota.LimitUserBytes)
		a.Release()
		l.Sweep()
		wantRefused(t, l, who("a", "192.0.2.9"), quota.LimitUserBytes) // gone, and not forgotten
		if users, _ := l.Accounts(); users != 2 {
			t.Errorf("got %d users remembered, want 2", users)
		}
		wantOver(t, b, 1, 0, quota.NumLimits)
		time.Sleep(time.Hour)
		l.Sweep()
		if users, _ := l.Accounts(); users != 1 {
			t.Errorf("in the next period: got %d users remembered, want the live one", users)
		}
		churn(t, l, who("a", "192.0.2.9"))
		wantOver(t, b, 999, 0, quota.NumLimits)
	})
}

func TestAnonymousIsNotCharged(t *testing.T) {
	l := quota.NewLedger(nil, quota.Limits{UserBytes: 1, UsagePeriod: time.Hour, UserAllocationAge: time.Second})
	wantOver(t, mustReserve(t, l, who("", "192.0.2.1")), 1000, time.Hour, quota.NumLimits)
}

func TestAllocationAge(t *testing.T) {
	l := quota.NewLedger(nil, quota.Limits{},
		quota.Override{Realm: "example.org", User: "a", Limits: quota.Limits{UserAllocationAge: time.Hour}})
	a, b := mustReserve(t, l, who("a", "192.0.2.1")), mustReserve(t, l, who("b", "192.0.2.1"))
	wantOver(t, a, 0, time.Hour-1, quota.NumLimits)
	wantOver(t, a, 0, time.Hour, quota.LimitAllocationAge)
	wantOver(t, b, 0, 1000*time.Hour, quota.NumLimits)
	if got := l.Stats().Refused[quota.LimitAllocationAge]; got != 1 {
		t.Errorf("counted: got %d, want 1", got)
	}
	l.SetLimits(quota.Limits{})
	if l.Counting() {
		t.Error("got counting, want none without such limits")
	}
}

// TestNewAccountIsNoNewBucket makes allocations one after the other: each would
// find a full bucket if the account were forgotten with the one before.
func TestNewAccountIsNoNewBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buckets := bucket.NewArray(2)
		l := quota.NewLedger(buckets, quota.Limits{UserToPeerBitsPerSecond: 8_000_000, Burst: 250 * time.Millisecond})
		take := func() bool {
			h := mustReserve(t, l, who("a", "192.0.2.1"))
			h.Commit()
			defer h.Release()
			terms, err := h.Terms()
			if err != nil {
				t.Fatal(err)
			}
			return buckets.Take(terms.Shared[quota.ToPeer][0], 1, 50_000)
		}
		passed := 0
		for range 100 {
			if take() {
				passed++
			}
		}
		if passed != 5 {
			t.Errorf("got %d of 50,000 bytes through, want the 5 of one burst", passed)
		}
		time.Sleep(time.Second)
		l.Sweep()
		wantForgotten(t, l)
		if _, ok := buckets.Reserve(1, 1); !ok {
			t.Error("the bucket was not given back")
		}
	})
}

// TestKeptUserFindsItsTenant lets a tenant be forgotten while its user is kept.
func TestKeptUserFindsItsTenant(t *testing.T) {
	l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 2, TenantAllocations: 1})
	churn(t, l, of("acme", "a"))
	mustReserve(t, l, of("acme", "a"))
	wantRefused(t, l, of("acme", "b"), quota.LimitTenantAllocations)
}

// TestHundredThousandCycles ends every second Allocate before its Commit.
func TestHundredThousandCycles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := quota.DefaultLimits()
		limits.UserAllocationsPerSecond, limits.ClientAllocationsPerSecond = 0, 0
		limits.UserToPeerBitsPerSecond, limits.TenantToClientBitsPerSecond = 1e6, 1e6
		buckets := bucket.NewArray(3)
		l := quota.NewLedger(buckets, limits)
		for i := range 100_000 {
			h := mustReserve(t, l, of("acme", "a"))
			if i%2 == 0 {
				h.Commit()
			}
			h.Release()
		}
		if got := l.Stats(); got != (quota.Stats{}) {
			t.Errorf("got %+v, want every count at zero", got)
		}
		time.Sleep(time.Minute)
		l.Sweep()
		wantForgotten(t, l)
		for range 3 {
			if _, ok := buckets.Reserve(1, 1); !ok {
				t.Fatal("a bucket was not given back")
			}
		}
	})
}

// TestUsageSurvivesARestart: another ledger goes on with what users had used, in the
// same period only, and forgets them with its end.
func TestUsageSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := quota.Limits{UserBytes: 1000, UsagePeriod: time.Hour}
		first := quota.NewLedger(nil, limits)
		first.TrackUsage()
		a := mustReserve(t, first, of("acme", "a"))
		wantOver(t, a, 600, 0, quota.NumLimits)
		wantOver(t, mustReserve(t, first, of("", "a")), 10, 0, quota.NumLimits)
		wantOver(t, mustReserve(t, first, of("", "quiet")), 0, 0, quota.NumLimits)
		usage := first.ChangedUsage()
		if len(usage.Users) != 2 || !usage.Start.Before(time.Now().Add(1)) || usage.End.Sub(usage.Start) != time.Hour {
			t.Fatalf("got %+v, want two users in a period of an hour", usage)
		}
		if again := first.ChangedUsage(); len(again.Users) != 0 {
			t.Errorf("nothing happened since: got %+v", again)
		}
		wantOver(t, a, 100, 0, quota.NumLimits)
		if changed := first.ChangedUsage(); len(changed.Users) != 1 || changed.Users[0] != (quota.UserUsage{Realm: "example.org", Tenant: "acme", User: "a", Bytes: 700}) {
			t.Errorf("got %+v, want the total of the one who was charged", changed.Users)
		}

		second := quota.NewLedger(nil, limits)
		if !second.RestoreUsage(usage) {
			t.Fatal("got no usage restored within the period")
		}
		b := mustReserve(t, second, of("acme", "a"))
		wantOver(t, b, 399, 0, quota.NumLimits)
		wantOver(t, b, 1, 0, quota.LimitUserBytes)
		wantOver(t, mustReserve(t, second, of("", "a")), 989, 0, quota.NumLimits)
		b.Release()
		second.Sweep()
		if users, _ := second.Accounts(); users != 2 {
			t.Errorf("got %d users remembered, want 2", users)
		}

		third := quota.NewLedger(nil, limits)
		third.RestoreUsage(usage)
		time.Sleep(time.Hour)
		third.Sweep()
		wantForgotten(t, third)
		if third.RestoreUsage(usage) {
			t.Error("got usage of an earlier period restored")
		}
		if other := quota.NewLedger(nil, quota.Limits{UserBytes: 1000, UsagePeriod: time.Minute}); other.RestoreUsage(usage) {
			t.Error("got usage of a period of another length restored")
		}
	})
}

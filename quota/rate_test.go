package quota_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/quota"
)

// churn makes one short allocation.
func churn(t *testing.T, l *quota.Ledger, id quota.Identity) {
	t.Helper()
	h := mustReserve(t, l, id)
	h.Commit()
	h.Release()
}

func TestRates(t *testing.T) {
	tests := []struct {
		name   string
		limits quota.Limits
		other  quota.Identity // is not slowed down by who("a", "2001:db8::1")
		want   quota.Limit
	}{
		{"user", quota.Limits{UserAllocationsPerSecond: 20}, who("b", "2001:db8::1"), quota.LimitUserRate},
		{"client", quota.Limits{ClientAllocationsPerSecond: 20}, who("a", "2001:db8:1::1"), quota.LimitClientRate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := quota.NewLedger(nil, tt.limits)
				id := who("a", "2001:db8::1")
				for range 20 { // one second's worth at once
					churn(t, l, id)
				}
				wantRefused(t, l, id, tt.want)
				churn(t, l, tt.other)

				time.Sleep(49 * time.Millisecond)
				wantRefused(t, l, id, tt.want)
				time.Sleep(time.Millisecond)
				churn(t, l, id)
				wantRefused(t, l, id, tt.want)

				made := 0
				for range 1000 { // ten seconds of trying
					time.Sleep(10 * time.Millisecond)
					if h, err := l.Reserve(id); err == nil {
						h.Commit()
						h.Release()
						made++
					}
				}
				if made != 200 {
					t.Errorf("in ten seconds at 20 per second: got %d allocations, want 200", made)
				}
				time.Sleep(time.Hour)
				for range 20 { // a long pause saves up no more than one second's worth
					churn(t, l, id)
				}
				wantRefused(t, l, id, tt.want)
			})
		})
	}
}

func TestFailedAllocateGivesRateBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 2, ClientAllocationsPerSecond: 2})
		id := who("a", "192.0.2.1")
		churn(t, l, id)
		for range 100 {
			mustReserve(t, l, id).Release() // no Commit: the Allocate failed
		}
		churn(t, l, id)
		wantRefused(t, l, id, quota.LimitUserRate)
	})
}

func TestRefundIsWhatWasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 100})
		id := who("a", "192.0.2.1")
		for range 50 {
			churn(t, l, id)
		}
		h := mustReserve(t, l, id)
		l.SetLimits(quota.Limits{UserAllocationsPerSecond: 1})
		h.Release() // 10 ms, not the second that one now costs
		wantRefused(t, l, id, quota.LimitUserRate)
		time.Sleep(500 * time.Millisecond)
		churn(t, l, id)
	})
}

func TestRateLimitsChangeLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 1})
		id := who("a", "192.0.2.1")
		churn(t, l, id)
		wantRefused(t, l, id, quota.LimitUserRate)
		l.SetLimits(quota.Limits{})
		for range 1000 {
			churn(t, l, id)
		}
	})
}

func TestIdleAccountsAreForgotten(t *testing.T) {
	const users = 100_000
	distinct := func(i int) quota.Identity {
		client := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		return quota.Identity{Realm: "example.org", User: fmt.Sprint(i), Client: client}
	}
	t.Run("by Sweep", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := quota.NewLedger(nil, quota.DefaultLimits())
			for i := range users {
				churn(t, l, distinct(i))
			}
			if got := l.Stats(); got.Users != 0 || got.Clients != 0 || got.Live != 0 {
				t.Errorf("right after release: got %+v, want nothing live", got)
			}
			time.Sleep(time.Second)
			l.Sweep()
			wantForgotten(t, l)
		})
	})
	t.Run("by Reserve", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := quota.NewLedger(nil, quota.DefaultLimits())
			most := 0
			for i := range users { // 10,000 per second, ten seconds
				churn(t, l, distinct(i))
				if i%100 == 99 { // looking through all accounts takes time
					u, c := l.Accounts()
					most = max(most, u, c)
					time.Sleep(10 * time.Millisecond)
				}
			}
			if most > 20_000 { // two seconds' worth
				t.Errorf("accounts under load: got up to %d, want at most 20000", most)
			}
		})
	})
	t.Run("without rates at once", func(t *testing.T) {
		l := quota.NewLedger(nil, quota.Limits{UserAllocations: 1})
		for i := range users {
			churn(t, l, distinct(i))
		}
		wantForgotten(t, l)
	})
	t.Run("after coming back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 1})
			h := mustReserve(t, l, distinct(0))
			h.Commit()
			h.Release()
			l.SetLimits(quota.Limits{UserAllocationsPerSecond: 20})
			time.Sleep(100 * time.Millisecond)
			h = mustReserve(t, l, distinct(0)) // live again while it waits to be forgotten
			h.Commit()
			time.Sleep(time.Second)
			l.Sweep()
			if users, clients := l.Accounts(); users != 1 || clients != 1 {
				t.Errorf("with a live hold: got %d users and %d clients, want 1 and 1", users, clients)
			}
			h.Release()
			time.Sleep(time.Second)
			l.Sweep()
			wantForgotten(t, l)
		})
	})
	t.Run("a busy one does not keep the others", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := quota.NewLedger(nil, quota.Limits{UserAllocationsPerSecond: 1})
			for i := range 3 {
				churn(t, l, distinct(i))
			}
			for range 10 {
				time.Sleep(time.Second)
				churn(t, l, distinct(0))
			}
			l.Sweep()
			if users, _ := l.Accounts(); users != 1 {
				t.Errorf("got %d users, want the busy one only", users)
			}
		})
	})
}

// wantForgotten checks that the ledger holds no memory of anybody.
func wantForgotten(t *testing.T, l *quota.Ledger) {
	t.Helper()
	if users, clients := l.Accounts(); users != 0 || clients != 0 || l.Idle() != 0 {
		t.Errorf("got %d users, %d clients, %d idle, want none", users, clients, l.Idle())
	}
}

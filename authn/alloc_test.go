//go:build !race

// Under the race detector sync.Pool drops at random, so counts of allocations
// mean nothing there.

package authn_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
)

func TestVerifyAllocatesNothing(t *testing.T) {
	username, password := authn.IssueREST("s2", "alice", time.Now().Add(time.Hour))
	a := mustNew(t, authn.Config{
		Users:   []authn.User{{Name: "alice", Password: "wonderland"}},
		Secrets: []authn.Secret{{Value: "s1"}, {Value: "s2"}},
	})
	for name, key := range map[string]authn.Key{"alice": keyOf(t, "alice", "wonderland"), username: keyOf(t, username, password)} {
		check := is(key)
		if got := testing.AllocsPerRun(1000, func() { a.Verify(name, authn.PurposeAllocate, check) }); got != 0 {
			t.Errorf("%s: got %v allocations, want 0", name, got)
		}
	}
}

func TestNoncesAllocateNothing(t *testing.T) {
	n := authn.NewNonces(nil, 0)
	client := netip.MustParseAddrPort("[2001:db8::1]:5000")
	buf := make([]byte, 0, 64)
	nonce := n.Mint(nil, client, realm, modern)
	if got := testing.AllocsPerRun(1000, func() { buf = n.Mint(buf[:0], client, realm, modern) }); got != 0 {
		t.Errorf("Mint: got %v allocations, want 0", got)
	}
	if got := testing.AllocsPerRun(1000, func() { n.Check(nonce, client, realm, modern) }); got != 0 {
		t.Errorf("Check: got %v allocations, want 0", got)
	}
}

func TestLimiterAllocatesNothing(t *testing.T) {
	l := authn.NewLimiter(1000, 1000)
	src := netip.MustParseAddr("2001:db8::1")
	now := int64(0)
	if got := testing.AllocsPerRun(1000, func() { now++; l.Allow(src, now) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/quota"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// node is a Fleet that runs until the end of the test, or until it is stopped.
type node struct {
	*Fleet
	logs *observer.ObservedLogs
	stop func()
}

func newNode(t *testing.T, r *miniredis.Miniredis, name string) *node {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	f, err := Open(Config{URL: "redis://:secret-password@" + r.Addr(), Node: name, Lease: DefaultLease, Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	n := &node{f, logs, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})}
	t.Cleanup(n.stop)
	n.await(t, func() bool { return f.up.Load() }, "Redis answers")
	return n
}

func newRedis(t *testing.T) *miniredis.Miniredis {
	t.Helper()
	r := miniredis.RunT(t)
	r.RequireAuth("secret-password")
	return r
}

func (n *node) await(t *testing.T, condition func() bool, what string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// claims are those of a user of a tenant.
func claims(user string, userLimit, tenantLimit int) []Claim {
	return []Claim{
		{Holder: quota.Holder{Kind: quota.KindUser, Realm: "example.org", Tenant: "acme", User: user}, Limit: userLimit, Name: quota.LimitUserAllocations},
		{Holder: quota.Holder{Kind: quota.KindTenant, Realm: "example.org", Tenant: "acme"}, Limit: tenantLimit, Name: quota.LimitTenantAllocations},
	}
}

func (n *node) reserve(t *testing.T, c []Claim) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return n.Reserve(ctx, c)
}

func (n *node) mustReserve(t *testing.T, c []Claim) {
	t.Helper()
	if err := n.reserve(t, c); err != nil {
		t.Fatalf("reserve on %s: %v", n.cfg.Node, err)
	}
}

func (n *node) wantRefused(t *testing.T, c []Claim, want quota.Limit) {
	t.Helper()
	exceeded, ok := errors.AsType[*quota.ExceededError](n.reserve(t, c))
	if !ok || exceeded.Limit != want {
		t.Fatalf("reserve on %s: got %v, want a refusal by %s", n.cfg.Node, exceeded, want)
	}
}

// awaitFree waits until a reservation succeeds.
func (n *node) awaitFree(t *testing.T, c []Claim) {
	t.Helper()
	n.await(t, func() bool { return n.reserve(t, c) == nil }, "a place is free")
}

func TestNodesCountTogether(t *testing.T) {
	r := newRedis(t)
	a, b := newNode(t, r, "a"), newNode(t, r, "b")
	a.mustReserve(t, claims("alice", 2, 3))
	b.mustReserve(t, claims("alice", 2, 3))
	a.wantRefused(t, claims("alice", 2, 3), quota.LimitUserAllocations)
	b.mustReserve(t, claims("bob", 2, 3))
	a.wantRefused(t, claims("carol", 2, 3), quota.LimitTenantAllocations)
	a.wantRefused(t, claims("carol", 2, 3), quota.LimitTenantAllocations) // the first counted nothing
	b.Release(claims("bob", 2, 3))
	a.awaitFree(t, claims("carol", 2, 3))
	if got := a.Stats(); !got.Up || got.Granted != 2 || got.Refused < 3 {
		t.Errorf("got %+v", got)
	}
}

func TestRaceAcrossNodes(t *testing.T) {
	r := newRedis(t)
	nodes := []*node{newNode(t, r, "a"), newNode(t, r, "b")}
	var group sync.WaitGroup
	var won atomic.Int32
	for i := range 50 {
		group.Go(func() {
			if nodes[i%2].reserve(t, claims("alice", 1, 0)) == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("got %d winners of the last place, want 1", won.Load())
	}
}

func TestDeadNodeGivesBackWithinItsLease(t *testing.T) {
	r := newRedis(t)
	// A node that dies says nothing any more: this one is not run.
	dead, err := Open(Config{URL: "redis://:secret-password@" + r.Addr(), Node: "dead", Lease: DefaultLease, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	dead.renew(t.Context())
	asked := &request{claims: claims("alice", 1, 0), answer: make(chan int, 1)}
	dead.exchange(t.Context(), []*request{asked})
	if got := <-asked.answer; got != 0 {
		t.Fatalf("got answer %d, want a place", got)
	}
	dead.client.Close()
	b := newNode(t, r, "b")
	b.wantRefused(t, claims("alice", 1, 0), quota.LimitUserAllocations)
	r.FastForward(DefaultLease - time.Second)
	b.renew(t.Context())
	b.wantRefused(t, claims("alice", 1, 0), quota.LimitUserAllocations)
	r.FastForward(time.Second)
	b.mustReserve(t, claims("alice", 1, 0))
}

func TestStoppedNodeGivesBackAtOnce(t *testing.T) {
	r := newRedis(t)
	a, b := newNode(t, r, "a"), newNode(t, r, "b")
	a.mustReserve(t, claims("alice", 1, 0))
	a.stop()
	b.mustReserve(t, claims("alice", 1, 0))
	if err := a.Reserve(t.Context(), claims("alice", 1, 0)); !errors.Is(err, ErrClosed) {
		t.Errorf("reserve on a stopped node: got %v, want ErrClosed", err)
	}
}

// TestRedisGoesAndComes loses all that Redis knew, as one without persistence
// does; what the nodes have is counted again.
func TestRedisGoesAndComes(t *testing.T) {
	r := newRedis(t)
	a, b := newNode(t, r, "a"), newNode(t, r, "b")
	a.mustReserve(t, claims("alice", 3, 0))
	r.Close()
	for range 2 { // Redis would have refused the second
		a.mustReserve(t, claims("alice", 2, 0))
	}
	if got := a.Stats(); got.Up || got.Fallback != 2 {
		t.Errorf("while Redis is down: got %+v, want 2 places left to the local limits", got)
	}
	a.Release(claims("alice", 3, 0))
	r.FlushAll()
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{a, b} {
		n.await(t, func() bool { return n.Stats().Up }, "Redis answers again")
	}
	b.wantRefused(t, claims("alice", 2, 0), quota.LimitUserAllocations)
	b.mustReserve(t, claims("alice", 3, 0))
	var lines []string
	for _, entry := range a.logs.All() {
		lines = append(lines, entry.Message)
		if text := fmt.Sprint(entry.ContextMap()); strings.Contains(text, "secret-password") {
			t.Errorf("the log shows the password: %s", text)
		}
	}
	if len(lines) != 3 || !strings.Contains(lines[1], "does not answer") {
		t.Errorf("got log lines %q, want up, down and up", lines)
	}
}

func TestStartsWithoutRedis(t *testing.T) {
	r := newRedis(t)
	addr := r.Addr()
	r.Close()
	core, _ := observer.New(zap.InfoLevel)
	f, err := Open(Config{URL: "redis://" + addr, Node: "a", Lease: DefaultLease, Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	if err := f.Reserve(ctx, claims("alice", 1, 0)); err != nil {
		t.Errorf("got %v, want the local limits to decide", err)
	}
	cancel()
	<-ended
}

func TestAbandonedReservationIsGivenBack(t *testing.T) {
	r := newRedis(t)
	n := newNode(t, r, "a")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // whether it was sent is a matter of luck
		_ = n.Reserve(gone, claims("alice", 1, 0))
	}
	n.awaitFree(t, claims("alice", 1, 0))
}

func TestAdoptedCounts(t *testing.T) {
	r := newRedis(t)
	a, b := newNode(t, r, "a"), newNode(t, r, "b")
	a.Adopt(claims("alice", 0, 0))
	b.await(t, func() bool {
		if b.reserve(t, claims("alice", 1, 0)) != nil {
			return true
		}
		b.Release(claims("alice", 1, 0))
		return false
	}, "what was adopted counts")
}

func TestCyclesLeaveNothing(t *testing.T) {
	r := newRedis(t)
	n := newNode(t, r, "a")
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			c := claims(fmt.Sprint("user", i%5), 3, 7)
			for range 40 {
				if n.reserve(t, c) == nil {
					n.Release(c)
				}
			}
		})
	}
	group.Wait()
	n.await(t, func() bool {
		for _, key := range r.Keys() {
			if !strings.HasPrefix(key, nodeKey("")) {
				return false
			}
		}
		return true
	}, "no count is left")
	if len(n.own) != 0 {
		t.Errorf("got own counts %v, want none", n.own)
	}
}

// TestKeysTellNothing looks for names in all that Redis holds.
func TestKeysTellNothing(t *testing.T) {
	r := newRedis(t)
	n := newNode(t, r, "a")
	n.mustReserve(t, claims("alice", 1, 1))
	dump := r.Dump()
	for _, name := range []string{"alice", "acme", "example.org", "secret-password"} {
		if strings.Contains(dump, name) {
			t.Errorf("Redis holds %q:\n%s", name, dump)
		}
	}
}

func TestHoldersHaveKeysOfTheirOwn(t *testing.T) {
	holders := []quota.Holder{
		{Kind: quota.KindUser, Realm: "a", Tenant: "b", User: "c"},
		{Kind: quota.KindUser, Realm: "a", User: "b:c"},
		{Kind: quota.KindUser, Realm: "a:b", User: "c"},
		{Kind: quota.KindUser, Realm: "a", Tenant: "b:c"},
		{Kind: quota.KindTenant, Realm: "a", Tenant: "b"},
		{Kind: quota.KindRealm, Realm: "a"},
	}
	seen := map[string]quota.Holder{}
	for _, h := range holders {
		if other, taken := seen[holderKey(h)]; taken {
			t.Errorf("%+v and %+v share a key", h, other)
		}
		seen[holderKey(h)] = h
	}
}

func TestBadURLIsNotShown(t *testing.T) {
	_, err := Open(Config{URL: "http://:secret-password@host"})
	if err == nil || strings.Contains(err.Error(), "secret-password") {
		t.Errorf("got %v, want an error without the password", err)
	}
}

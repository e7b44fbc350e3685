//go:build soak

package e2e

import (
	"fmt"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestFloodOfBadCredentials sends Allocate requests with bad credentials from
// 10,000 addresses, at half the rate at which the server can refuse, while 500
// calls run. No call may lose a packet. Nobody is looked up in a store for a request
// without a valid nonce, and behind a valid one each name once.
func TestFloodOfBadCredentials(t *testing.T) {
	const (
		sources = 10_000
		running = 500
		names   = 50 // that the store does not know
	)
	n := testnet.New(t)
	dora := user{Name: "dora", Password: "a password of dora"}
	store := startHook(t, n.Relay, dora)
	c := newConfig()
	c.Auth.UnauthenticatedAnswersPerSecond = 0 // the default, for each source
	c.Auth.Stores = []map[string]any{store.store()}
	s := startServer(t, n, c)
	calls := startCalls(t, n, running)
	flood := newOnslaught(t, n, sources)
	asked := func() (byService int64, byMetric float64) {
		return store.asked.Load(), s.metric(t, "fairlead_store_queries_total")
	}

	// Names that only the store could know, so that each needs an answer of it.
	request := func(nonce, name string) []byte {
		bad := client{user: user{Name: name, Password: "not the password"}, realm: testRealm, nonce: nonce}
		message, err := bad.build(stun.MethodAllocate, nonce != "", []stun.Setter{transportUDP})
		if err != nil {
			t.Fatal(err)
		}
		return message.Raw
	}
	name := func(member int) string { return fmt.Sprintf("guess-%d", member%names) }
	nonceOf := func(member int) string {
		if nonce := flood.nonces[member%sources].Load(); nonce != nil {
			return *nonce
		}
		return ""
	}
	unchallenged := func(int) []byte { return request("", "") }

	capacity := flood.pour(t, 0, 5*sources, unchallenged) // which challenges everybody
	half := capacity / 2
	t.Logf("capacity beside %d calls: %.0f answers 401 per second", running, capacity)
	answers := max(3*sources, int(5*half))

	for what, build := range map[string]func(member int) []byte{
		"no credentials":       unchallenged,
		"invented nonce":       func(member int) []byte { return request(fmt.Sprintf("obMatJos2AAAA%032d", member), name(member)) },
		"nonce of another one": func(member int) []byte { return request(nonceOf(member+1), name(member)) },
	} {
		t.Run(what, func(t *testing.T) {
			service, metric := asked()
			before := calls.relayed.Load()
			rate := flood.pour(t, half, answers, build)
			t.Logf("%d answers, %.0f per second; the calls relayed %d packets meanwhile", answers, rate, calls.relayed.Load()-before)
			if after, afterMetric := asked(); after != service || afterMetric != metric {
				t.Errorf("questions to the store: got %d (%v by the metric), want none", after-service, afterMetric-metric)
			}
		})
	}
	t.Run("valid nonce, wrong password", func(t *testing.T) {
		service, _ := asked()
		flood.pour(t, half, answers, func(member int) []byte { return request(nonceOf(member), name(member)) })
		after, _ := asked()
		if got := after - service; got < 1 || got > names {
			t.Errorf("questions to the store about %d names: got %d, want each once", names, got)
		}
	})
	for _, u := range []user{dora, bob} {
		newcomer := newClient(t, n.Clients, testnet.ClientV4, serverV4, u)
		newcomer.allocate(t)
		newcomer.free(t)
	}
	if got, want := s.metric(t, "fairlead_allocations"), float64(running); got != want {
		t.Errorf("allocations after the flood: got %v, want those of %v calls", got, want)
	}
	calls.stop(t)
	if calls.relayed.Load() == 0 {
		t.Error("the calls have relayed nothing")
	}
	s.check(t)
	s.Stop(t)
}

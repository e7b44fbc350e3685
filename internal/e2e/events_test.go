//go:build e2e

package e2e

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestEventsThroughRedis listens at a real Redis server to what a client does,
// stops Redis, which costs the client nothing, and starts it again.
func TestEventsThroughRedis(t *testing.T) {
	n := testnet.New(t)
	startRedis := func() *testnet.Process {
		return testnet.Start(t, n.Relay.Command(t.Context(), "redis-server",
			"--bind", "127.0.0.1", "--port", "6379", "--requirepass", "a-password-of-redis", "--save", "", "--dir", t.TempDir()))
	}
	server := startRedis()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", Password: "a-password-of-redis", Dialer: n.Relay.DialContext})
	t.Cleanup(func() { client.Close() })
	testnet.Await(t, patience, func() bool { return client.Ping(t.Context()).Err() == nil }, "Redis is ready")

	c := newConfig()
	c.Events = map[string]any{"redis": map[string]any{"url": "redis://:a-password-of-redis@127.0.0.1:6379/0", "coturn_channels": true}}
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	life := func() {
		t.Helper()
		subscriber := client.PSubscribe(t.Context(), "turn/realm/"+testRealm+"/user/alice/allocation/*")
		defer subscriber.Close()
		if _, err := subscriber.Receive(t.Context()); err != nil { // it is subscribed then
			t.Fatal(err)
		}
		f := startFlow(t, newClientV4(t, n), peer.Addr)
		f.advance(t)
		f.stop(t)
		f.client.free(t)
		var texts []string
		messages := subscriber.Channel()
		testnet.Await(t, patience, func() bool {
			select {
			case m := <-messages:
				texts = append(texts, m.Channel[strings.Index(m.Channel, "allocation/")+len("allocation/000000000000000000/"):]+" "+m.Payload)
			default:
			}
			return len(texts) > 0 && texts[len(texts)-1] == "status deleted"
		}, "the end of the allocation is published")
		all := strings.Join(texts, "\n")
		known.check(t, "events", all, false)
		for _, want := range []string{"status new lifetime=600, type=UDP, local=" + serverV4.String(), "total_traffic rcvp=", "total_traffic/peer rcvp="} {
			if !strings.Contains(all, want) {
				t.Errorf("got messages\n%s\nwant %q among them", all, want)
			}
		}
	}
	life()

	server.Stop(t)
	f := startFlow(t, newClientV4(t, n), peer.Addr)
	f.advance(t)
	f.stop(t)
	f.client.free(t)
	testnet.Await(t, patience, func() bool { return len(s.logLines("events are not delivered")) > 0 }, "the server says that Redis is away")

	startRedis()
	testnet.Await(t, patience, func() bool { return client.Ping(t.Context()).Err() == nil }, "Redis is back")
	testnet.Await(t, patience, func() bool { return len(s.logLines("events are delivered again")) > 0 }, "events are delivered again")
	life()
	if strings.Contains(s.Output(), "a-password-of-redis") {
		t.Error("got the password of Redis in the output of the server")
	}
	s.check(t)
}

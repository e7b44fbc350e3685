//go:build e2e

package e2e

import (
	"bufio"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

const (
	redisAddress  = "127.0.0.1:6379"
	redisPassword = "a password of Redis"
)

// startRedis runs Debian's redis-server beside the relays, without persistence.
func startRedis(t *testing.T, n *testnet.Net) *testnet.Process {
	t.Helper()
	p := testnet.Start(t, n.Relay.Command(t.Context(), "redis-server",
		"--bind", "127.0.0.1", "--port", "6379", "--save", "", "--appendonly", "no",
		"--requirepass", redisPassword, "--dir", t.TempDir()))
	testnet.Await(t, patience, func() bool { return strings.HasPrefix(askRedis(t, n, "PING"), "+PONG") }, "redis-server answers")
	return p
}

// askRedis sends commands and returns all that comes back; empty when Redis does
// not answer.
func askRedis(t *testing.T, n *testnet.Net, commands ...string) string {
	t.Helper()
	conn, err := n.Relay.DialContext(t.Context(), "tcp", redisAddress)
	if err != nil {
		return ""
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	text := "AUTH \"" + redisPassword + "\"\r\n" + strings.Join(commands, "\r\n") + "\r\nQUIT\r\n"
	if _, err := conn.Write([]byte(text)); err != nil {
		return ""
	}
	return readAll(conn)
}

// readAll returns the lines of a connection behind the answer to AUTH.
func readAll(conn net.Conn) string {
	var lines []string
	scanner := bufio.NewScanner(conn)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return strings.Join(lines[min(1, len(lines)):], "\n")
}

// TestFleet lets two servers count the allocations of a user together: each sees
// the other's, also after one was killed and after Redis was gone.
func TestFleet(t *testing.T) {
	n := testnet.New(t)
	redis := startRedis(t, n)
	c := newConfig()
	c.Relay.MinPort, c.Relay.MaxPort = 50000, 50999
	c.Auth.NonceKey = "a key of the nonces of the whole fleet"
	c.Quota = unlimited()
	c.Quota["user_allocations"] = 2
	c.Quota["redis_url"] = "redis://:" + strings.ReplaceAll(redisPassword, " ", "%20") + "@" + redisAddress + "/0"
	c.Quota["redis_lease"] = "5s"
	a := startServer(t, n, c)

	c.Listeners = []listener{{Address: netip.AddrPortFrom(testnet.ServerV4, 3479).String(), Transport: "udp"}}
	c.Relay.MinPort, c.Relay.MaxPort = 51000, 51999
	c.Monitoring.Address = "127.0.0.1:9642"
	b := startServer(t, n, c)
	serverB := netip.AddrPortFrom(testnet.ServerV4, 3479)
	on := func(server netip.AddrPort) *client {
		return newClient(t, n.Clients, testnet.ClientV4, server, alice)
	}
	for _, s := range []*server{a, b} {
		testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_quota_fleet_up") == 1 }, "Redis answers")
	}
	awaitCode := func(server netip.AddrPort, want int) *client {
		t.Helper()
		client := on(server)
		testnet.Await(t, 3*patience, func() bool {
			code := client.tryAllocate(t)
			if code == 0 && want != 0 {
				client.free(t)
			}
			return code == want
		}, "the answer to Allocate changes")
		return client
	}

	// A nonce of one server is valid on the other.
	moved := on(serverV4)
	moved.allocate(t)
	moved.free(t)
	nonce := moved.nonce
	moved.server = serverB
	moved.allocate(t)
	if moved.nonce != nonce {
		t.Error("the nonce of the first server was stale on the second")
	}

	awaitCode(serverV4, 0)
	for _, server := range []netip.AddrPort{serverV4, serverB} {
		if code := on(server).tryAllocate(t); code != 486 {
			t.Errorf("third allocation of 2, on %s: got error %d, want 486", server, code)
		}
	}
	moved.free(t)
	onB := awaitCode(serverB, 0)

	// What Redis holds tells nobody who relays.
	if held := askRedis(t, n, "KEYS *"); !strings.Contains(held, "{fairlead}") || strings.Contains(held, alice.Name) || strings.Contains(held, testRealm) {
		t.Errorf("got keys\n%s\nwant ours, without names", held)
	}

	// While Redis is gone each server goes on by itself; a Redis that comes back
	// empty learns of all again.
	redis.Stop(t)
	extra := awaitCode(serverB, 0)
	testnet.Await(t, patience, func() bool { return len(b.logLines("Redis does not answer")) > 0 }, "the log says that Redis is gone")
	startRedis(t, n)
	for _, s := range []*server{a, b} {
		testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_quota_fleet_up") == 1 }, "Redis answers again")
	}
	extra.free(t)
	if code := on(serverB).tryAllocate(t); code != 486 {
		t.Errorf("after Redis came back: got error %d, want 486", code)
	}
	_ = onB

	// What a server held that was killed comes back within its lease.
	a.Signal(t, 9)
	awaitCode(serverB, 0)
	for _, s := range []*server{a, b} {
		if lines := s.logLines(redisPassword); len(lines) > 0 {
			t.Errorf("the log shows the password of Redis: %q", lines)
		}
	}
	b.check(t)
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestDevelopmentProfile starts the server as the README does and gives what
// it prints to a browser on the same host, as it is.
func TestDevelopmentProfile(t *testing.T) {
	n := testnet.New(t)
	host := n.Clients
	p := testnet.Start(t, fairlead(t, host, "serve", "--dev"))
	testnet.Await(t, patience, func() bool { return strings.HasSuffix(p.Stdout(), "\n") }, "the server has printed a credential")
	var servers iceServers
	if err := json.Unmarshal([]byte(p.Stdout()), &servers); err != nil {
		t.Fatalf("standard output: got %q, want one JSON object: %v", p.Stdout(), err)
	}
	if len(servers.ICEServers) == 0 || len(servers.ICEServers[0].URLs) == 0 {
		t.Fatalf("standard output: got %q, want iceServers with urls", p.Stdout())
	}
	first := servers.ICEServers[0]
	if first.Username == "" || first.Credential == "" {
		t.Errorf("iceServers: got %+v, want username and credential", first)
	}

	for _, local := range []string{"127.0.0.1", "::1", testnet.ClientV4.String(), testnet.ClientV6.String()} {
		t.Run(local, func(t *testing.T) {
			addr := netip.MustParseAddr(local)
			peer := host.Echo(t, netip.AddrPortFrom(addr, 0))
			c := newClient(t, host, addr, netip.AddrPortFrom(addr, 3478), user{Name: first.Username, Password: first.Credential})
			c.allocate(t)
			c.permit(t, addr)
			exchange(t, c, ways[0], peer.Addr, [][]byte{[]byte("ahoy")})
			c.free(t)
		})
	}
	t.Run("browser", func(t *testing.T) { browserCall(t, host, servers).check(t, "udp", "tcp") })
	p.Stop(t)
	if lines := strings.Count(p.Stdout(), "\n"); lines != 1 {
		t.Errorf("standard output: got %d lines, want the JSON object only: %q", lines, p.Stdout())
	}
}

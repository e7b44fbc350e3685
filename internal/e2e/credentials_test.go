//go:build e2e

package e2e

import (
	"encoding/json"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestCredentialsCommand relays with what `fairlead credentials` prints for the
// configuration of a server that runs.
func TestCredentialsCommand(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())
	p := testnet.Start(t, fairlead(t, n.Relay, "credentials", "--config", s.configPath))
	if code := p.Wait(t, patience); code != 0 {
		t.Fatalf("fairlead credentials: got exit code %d, want 0: %s", code, p.Stderr())
	}
	var servers iceServers
	if err := json.Unmarshal([]byte(p.Stdout()), &servers); err != nil || len(servers.ICEServers) == 0 {
		t.Fatalf("fairlead credentials: got %q (error %v), want iceServers", p.Stdout(), err)
	}
	first := servers.ICEServers[0]
	c := newClientV4(t, n)
	c.user = user{Name: first.Username, Password: first.Credential}
	c.allocate(t)
	c.free(t)

	r := uclient(t, n, serverV4, "-u", first.Username, "-w", first.Credential, "-n", "10", "-m", "2", "-c", "-s", "-y", "-X")
	if missing := r.complete(20); missing != "" {
		t.Errorf("turnutils_uclient with these credentials: %s\n%s", missing, r.output)
	}
	browserCall(t, n.Clients, servers).check(t, "udp")
	s.check(t)
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestNinePartyMesh lets nine users call each other from one address, all at
// once, under the default limits.
func TestNinePartyMesh(t *testing.T) {
	const parties = 9
	n := testnet.New(t)
	c := newConfig()
	c.Quota = nil // the defaults
	s := startServer(t, n, c)
	var servers []iceServers
	for i := range parties {
		credential := restCredential(testSecret, fmt.Sprintf("party-%d", i), time.Now().Add(time.Hour))
		servers = append(servers, iceServers{ICEServers: []iceServer{{
			URLs: []string{"turn:" + serverV4.String() + "?transport=udp"}, Username: credential.Name, Credential: credential.Password,
		}}})
	}
	var got struct {
		Connected int
		Errors    []string
	}
	if output := inBrowser(t, chromium, n.Clients, "mesh.html", servers); json.Unmarshal([]byte(output), &got) != nil {
		t.Fatalf("mesh in the browser: got %q", output)
	}
	if want := parties * (parties - 1) / 2; got.Connected != want || len(got.Errors) > 0 {
		t.Errorf("got %d pairs connected and errors %q, want %d and none", got.Connected, got.Errors, want)
	}
	_, metrics, err := s.get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metrics) {
		isLimit := strings.HasPrefix(line, "fairlead_quota_refusals_total{") || strings.HasPrefix(line, "fairlead_withheld_responses_total ")
		if isLimit && !strings.HasSuffix(line, " 0\n") {
			t.Errorf("a limit was met: %s", line)
		}
	}
	s.check(t)
}

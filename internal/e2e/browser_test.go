//go:build e2e

package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestBrowser makes a call in Chromium with an ephemeral credential.
func TestBrowser(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())
	credential := restCredential(testSecret, "carol", time.Now().Add(time.Hour))
	for _, server := range []netip.AddrPort{serverV4, serverV6} {
		t.Run(server.String(), func(t *testing.T) {
			browserCall(t, n.Clients, iceServers{ICEServers: []iceServer{{
				URLs:       []string{"turn:" + server.String() + "?transport=udp"},
				Username:   credential.Name,
				Credential: credential.Password,
			}}}).check(t, "udp")
		})
	}
	s.check(t)
}

//go:build e2e

package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestBrowserStreams makes calls in Chromium through TCP and TLS.
func TestBrowserStreams(t *testing.T) {
	n := testnet.New(t)
	s, _ := startStreamServer(t, n, newConfig())
	credential := restCredential(testSecret, "carol", time.Now().Add(time.Hour))
	for transport, scheme := range map[string]string{"tcp": "turn:", "tls": "turns:"} {
		for _, server := range []netip.AddrPort{serverV4, serverV6} {
			t.Run(scheme+server.String(), func(t *testing.T) {
				browserCall(t, n.Clients, iceServers{ICEServers: []iceServer{{
					URLs:       []string{scheme + server.String() + "?transport=tcp"},
					Username:   credential.Name,
					Credential: credential.Password,
				}}}).check(t, transport)
			})
		}
	}
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "every allocation has ended")
	s.check(t)
}

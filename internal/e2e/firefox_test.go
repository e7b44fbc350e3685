//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestFirefox makes calls in Firefox through UDP and TCP. For TLS its WebRTC
// checks certificates whatever its driver says.
func TestFirefox(t *testing.T) {
	n := testnet.New(t)
	s, _ := startStreamServer(t, n, newConfig())
	credential := restCredential(testSecret, "carol", time.Now().Add(time.Hour))
	for transport, url := range map[string]string{
		"udp": "turn:" + serverV4.String() + "?transport=udp",
		"tcp": "turn:" + serverV6.String() + "?transport=tcp",
	} {
		t.Run(url, func(t *testing.T) {
			callIn(t, firefox, n.Clients, iceServers{ICEServers: []iceServer{{
				URLs:       []string{url},
				Username:   credential.Name,
				Credential: credential.Password,
			}}}).check(t, transport)
		})
	}
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "every allocation has ended")
	s.check(t)
}

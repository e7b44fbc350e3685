//go:build e2e

package e2e

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestACME lets the server get a certificate from an authority, once by each
// kind of challenge, and start again without one.
func TestACME(t *testing.T) {
	for challenge, port := range map[string]int{"http-01": pebbleHTTPPort, "tls-alpn-01": pebbleTLSPort} {
		t.Run(challenge, func(t *testing.T) {
			n := testnet.New(t)
			authority := startPebble(t, n.Relay)
			c := newConfig()
			c.TLS = map[string]any{"acme": map[string]any{
				"domains":           []string{"turn.fairlead.test"},
				"email":             "operator@fairlead.test",
				"directory":         pebbleDirectory,
				"roots_file":        authority.roots,
				"storage":           t.TempDir(),
				"challenge":         challenge,
				"challenge_address": fmt.Sprintf("127.0.0.1:%d", port),
			}}
			secure := netip.AddrPortFrom(testnet.ServerV4, 5349)
			if challenge == "tls-alpn-01" { // answered beside the clients
				secure = netip.MustParseAddrPort(fmt.Sprintf("127.0.0.1:%d", port))
			}
			c.Listeners = append(c.Listeners, listener{Address: secure.String(), Transport: "tls"})
			s := startServer(t, n, c)
			awaitCertificate(t, s)
			wantIssued(t, n.Relay, secure)
			s.check(t)
			s.Stop(t)

			authority.Signal(t, 9)
			again := startServer(t, n, c)
			awaitCertificate(t, again)
			wantIssued(t, n.Relay, secure)
			if got := again.metric(t, "fairlead_tls_certificate_failures_total"); got != 0 {
				t.Errorf("start without the authority: got %v failures, want the certificate of before", got)
			}
			again.check(t)
		})
	}
}

// wantIssued wants the authority's certificate in a handshake.
func wantIssued(t *testing.T, host *testnet.Namespace, server netip.AddrPort) {
	t.Helper()
	conn, err := host.DialContext(t.Context(), "tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The root of a test's authority is in no file.
	client := tls.Client(conn, &tls.Config{ServerName: "turn.fairlead.test", InsecureSkipVerify: true})
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatalf("handshake with %s: %v", server, err)
	}
	leaf := client.ConnectionState().PeerCertificates[0]
	if leaf.VerifyHostname("turn.fairlead.test") != nil || !strings.HasPrefix(leaf.Issuer.CommonName, "Pebble") {
		t.Errorf("got a certificate of %q by %q, want that of the authority", leaf.DNSNames, leaf.Issuer.CommonName)
	}
}

// awaitCertificate waits until the server says that it has one of some days.
func awaitCertificate(t *testing.T, s *server) {
	t.Helper()
	const name = "fairlead_tls_certificate_expiry_timestamp_seconds"
	testnet.Await(t, 30*time.Second, func() bool {
		_, body, err := s.get("/metrics")
		return err == nil && strings.Contains(body, name+`{certificate="turn.fairlead.test"}`)
	}, "the server has a certificate")
	if left := time.Until(time.Unix(int64(s.metric(t, name)), 0)); left < 24*time.Hour {
		t.Errorf("certificate: got one for %s, want days", left)
	}
}

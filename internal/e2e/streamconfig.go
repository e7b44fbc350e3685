//go:build e2e || soak

package e2e

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// startStreamServer runs a server that takes TCP and TLS on the same port, too,
// and returns what its clients need to trust it. Settings are variables of the
// environment, without the first part of their names: "STREAMS_IDLE_TIMEOUT=1s".
func startStreamServer(t testing.TB, n *testnet.Net, c config, settings ...string) (*server, *tls.Config) {
	t.Helper()
	for _, server := range []netip.AddrPort{serverV4, serverV6} {
		c.Listeners = append(c.Listeners, listener{Address: server.String(), Transport: "tcp"})
	}
	certificate := testnet.NewCertificate(t, time.Now().Add(time.Hour), "turn.test")
	directory := t.TempDir()
	certificateFile, keyFile := filepath.Join(directory, "certificate.pem"), filepath.Join(directory, "key.pem")
	for name, text := range map[string][]byte{certificateFile: certificate.Certificate, keyFile: certificate.Key} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings = append(settings, fmt.Sprintf("TLS_CERTIFICATES=[{certificate_file: %q, key_file: %q}]", certificateFile, keyFile))
	prefix := []string{"env"}
	for _, setting := range settings {
		prefix = append(prefix, "FAIRLEAD_"+setting)
	}
	return startServer(t, n, c, prefix...), &tls.Config{RootCAs: certificate.Pool, ServerName: "turn.test"}
}

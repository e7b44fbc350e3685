//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// Where the ACME authority and the DNS server listen, in the namespace of the
// server under test, and where the authority's checks go.
const (
	pebbleDirectory = "https://127.0.0.1:14000/dir"
	pebbleDNS       = "127.0.0.1:8053"
	pebbleHTTPPort  = 5002
	pebbleTLSPort   = 5001
)

// pebble is an ACME authority that checks domains as a public one does.
type pebble struct {
	*testnet.Process
	roots string // file with what its own TLS is trusted by
}

// startPebble runs the authority, and a DNS server for which every name is
// 127.0.0.1.
func startPebble(t testing.TB, host *testnet.Namespace) pebble {
	t.Helper()
	dir := t.TempDir()
	certificate, key := testnet.NewCertificate(t, time.Now().Add(time.Hour), "127.0.0.1").Write(t, dir)
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress":           "127.0.0.1:14000",
		"managementListenAddress": "127.0.0.1:15000",
		"certificate":             certificate,
		"privateKey":              key,
		"httpPort":                pebbleHTTPPort,
		"tlsPort":                 pebbleTLSPort,
		"retryAfter":              map[string]int{"authz": 1, "order": 1},
	}})
	if err != nil {
		t.Fatalf("encode the configuration of pebble: %v", err)
	}
	config := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatalf("write the configuration of pebble: %v", err)
	}
	testnet.Start(t, host.Command(t.Context(), e2eTool(t, "pebble-challtestsrv"),
		"-dnsserver", pebbleDNS, "-defaultIPv6", "", "-management", "127.0.0.1:8055",
		"-doh", "", "-http01", "", "-https01", "", "-tlsalpn01", ""))
	cmd := host.Command(t.Context(), e2eTool(t, "pebble"), "-config", config, "-dnsserver", pebbleDNS)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	p := pebble{testnet.Start(t, cmd), certificate}
	testnet.Await(t, patience, func() bool {
		conn, err := host.DialContext(t.Context(), "tcp", "127.0.0.1:14000")
		if err != nil {
			return false
		}
		conn.Close()
		return true
	}, "the ACME authority listens")
	return p
}

// e2eTool finds a program that internal/build/e2e.sh has built.
func e2eTool(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../bin/e2e", name))
	if err != nil {
		t.Fatalf("find %s: %v", name, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("find %s (make e2e builds it): %v", name, err)
	}
	return path
}

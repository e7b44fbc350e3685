package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/testnet"
)

// The endpoint of a running server hands out, over HTTPS, what the server lets
// in, with the URLs of its listeners; a reload changes its keys.
func TestEndpointOfARunningServer(t *testing.T) {
	dir := t.TempDir()
	certificate := testnet.NewCertificate(t, time.Now().Add(time.Hour), "turn.example.org")
	certificate.Write(t, dir)
	address, port := fmt.Sprintf("127.0.0.1:%d", testnet.FreePort(t, "127.0.0.1")), testnet.FreePort(t, "127.0.0.1")
	file := filepath.Join(dir, "fairlead.yaml")
	write := func(key string) *config.Config {
		t.Helper()
		text := fmt.Sprintf(`
listeners: [{address: "127.0.0.1:%d", transport: udp}]
public_host: "turn.example.org"
workers: 1
auth: {realm: "example.org", secrets: [{value: "0123456789abcdef", tenant: "acme"}]}
monitoring: {address: "off"}
tls: {certificates: [{certificate_file: "cert.pem", key_file: "key.pem"}]}
credential_endpoint:
  address: %q
  https: true
  keys: [{name: "acme", key: %q, tenant: "acme"}]
`, port, address, key)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := config.Load(config.Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	cfg := write("the first key of acme")
	running, stop := serveConfig(t, cfg)
	defer stop()
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: certificate.Pool, ServerName: "turn.example.org"}, DisableKeepAlives: true,
	}}
	ask := func(key string) *http.Response {
		t.Helper()
		request, err := http.NewRequest("GET", "https://"+address+"/?service=turn&username=alice", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	var got struct {
		Username, Password string
		TTL                int
		URIs               []string
	}
	answer := ask("the first key of acme")
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || answer.StatusCode != 200 {
		t.Fatalf("got %d, %v", answer.StatusCode, err)
	}
	key, err := authn.LongTermKey(got.Username, "example.org", got.Password)
	if err != nil {
		t.Fatal(err)
	}
	authenticator, err := authn.New(cfg.AuthnConfig())
	if err != nil {
		t.Fatal(err)
	}
	found, status := authenticator.Verify(got.Username, authn.PurposeAllocate, func(k authn.Key) bool { return k.MD5 == key.MD5 })
	if status != authn.Found || found.User != "alice" || found.Tenant != "acme" {
		t.Errorf("the credential is %s of user %q, tenant %q, want it found, of alice and acme", status, found.User, found.Tenant)
	}
	want := fmt.Sprintf("turn:turn.example.org:%d?transport=udp", port)
	if got.TTL != 86400 || len(got.URIs) != 1 || got.URIs[0] != want {
		t.Errorf("got ttl %d and %v, want a day and %s", got.TTL, got.URIs, want)
	}

	prepared, err := running.prepare(t.Context(), write("the second key of acme"))
	if err == nil {
		err = prepared.apply(t.Context(), running)
	}
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"the first key of acme": 401, "the second key of acme": 200} {
		if got := ask(key).StatusCode; got != want {
			t.Errorf("%s after the reload: got %d, want %d", key, got, want)
		}
	}
}

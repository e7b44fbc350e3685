//go:build e2e

package e2e

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestWebServerOnTheSamePort puts a web server behind port 443 of the relay: browsers'
// protocols and curl get pages, TURN clients relay, and nobody relays to the web
// server.
func TestWebServerOnTheSamePort(t *testing.T) {
	n := testnet.New(t)
	backend := netip.MustParseAddrPort("10.2.0.1:8443") // on the side of the peers
	directory := t.TempDir()
	certificate := testnet.NewCertificate(t, time.Now().Add(time.Hour), "www.test", testnet.ServerV4.String())
	certificateFile, _ := certificate.Write(t, directory)
	pair, err := tls.X509KeyPair(certificate.Certificate, certificate.Key)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "a page by "+r.Proto)
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
	}
	listening := n.Relay.ListenTCP(t, backend)
	go func() { _ = web.ServeTLS(listening, "", "") }() // until it is closed
	t.Cleanup(func() { _ = web.Close() })

	front := netip.AddrPortFrom(testnet.ServerV4, 443)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true}
	c.Listeners = append(c.Listeners, listener{
		Address: front.String(), Transport: "tcp", PassTo: backend.String(), PassServerNames: []string{"www.test"},
	})
	s, secure := startStreamServer(t, n, c)
	startEchoPeer(t, n)

	transport := &http.Transport{
		DialContext: n.Clients.DialContext, TLSClientConfig: &tls.Config{RootCAs: certificate.Pool}, ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + front.String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || string(page) != "a page by HTTP/2.0" {
		t.Errorf("got %q, %v, want a page by HTTP/2", page, err)
	}
	for name, args := range map[string][]string{
		"HTTP/2":   {"--http2"},
		"HTTP/1.1": {"--http1.1"},
		"no ALPN":  {"--no-alpn"}, // by the name alone
	} {
		curl := n.Clients.Command(t.Context(), "curl", append(args, "--silent", "--show-error", "--max-time", "10",
			"--cacert", certificateFile, "--connect-to", "www.test:443:"+front.String(), "https://www.test/")...)
		if output, err := curl.CombinedOutput(); err != nil || string(output) != "a page by HTTP/2.0" && string(output) != "a page by HTTP/1.1" {
			t.Errorf("curl, %s: got %q, %v, want a page", name, output, err)
		}
	}

	for name, how := range map[string][]string{"TCP": {"-t", "-c"}, "TLS": {"-t", "-S", "-c"}} {
		args := append(how, "-u", alice.Name, "-w", alice.Password, "-n", "50", "-X", "-e", testnet.PeerV4.String())
		if r := uclient(t, n, front, args...); r.complete(50) != "" {
			t.Errorf("turnutils_uclient by %s: %s\n%s", name, r.complete(50), r.output)
		}
	}
	withALPN := secure.Clone()
	withALPN.NextProtos = []string{"stun.turn"}
	for name, cfg := range map[string]*tls.Config{"no ALPN": secure, "ALPN of TURN": withALPN} {
		cl := newStreamClient(t, n.Clients, front, cfg)
		cl.allocate(t, 0x4000, netip.AddrPortFrom(testnet.PeerV4, 9))
		if name == "no ALPN" {
			continue
		}
		reached := newClientV4(t, n)
		reached.allocate(t)
		if code := reached.tryBind(t, 0x4000, backend); code != 403 {
			t.Errorf("the backend as a peer: got error %d, want 403", code)
		}
		reached.free(t)
	}
	if got := s.metric(t, "fairlead_streams_passed_total"); got != 4 {
		t.Errorf("connections passed on: got %v, want the 4 to the web server", got)
	}
	s.check(t)
}

//go:build e2e

package e2e

import (
	"crypto/tls"
	"math/big"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestCertificateReplaced renews a certificate below a live connection: by the
// files alone, and by files and a reload.
func TestCertificateReplaced(t *testing.T) {
	n := testnet.New(t)
	dir := t.TempDir()
	first := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test")
	certificate, key := first.Write(t, dir)
	c := newConfig()
	c.TLS = map[string]any{"certificates": []map[string]string{{"certificate_file": certificate, "key_file": key}}}
	secure := netip.AddrPortFrom(testnet.ServerV4, 5349)
	c.Listeners = append(c.Listeners, listener{Address: secure.String(), Transport: "tls"})
	s := startServer(t, n, c)

	live := dialTLS(t, n.Clients, secure, first)
	for name, notify := range map[string]func(){
		"files": func() {}, "files and a reload": func() { s.Signal(t, syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			next := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test")
			next.Write(t, dir)
			notify()
			testnet.Await(t, 2*patience, func() bool { return serialServed(t, n.Clients, secure).Cmp(next.Serial) == 0 },
				"new handshakes get the new certificate")
			wantBinding(t, live)
			wantBinding(t, dialTLS(t, n.Clients, secure, next))
		})
	}
	if got := s.metric(t, "fairlead_tls_certificate_failures_total"); got != 0 {
		t.Errorf("got %v failures, want none", got)
	}
	s.check(t)
}

// TestFirstCertificateByReload: a server that started without a certificate takes
// TLS on its TCP listener with the first one, below a live connection; the limits of
// streams change likewise.
func TestFirstCertificateByReload(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Listeners = append(c.Listeners, listener{Address: serverV4.String(), Transport: "tcp"})
	s := startServer(t, n, c)
	live := newStreamClient(t, n.Clients, serverV4, nil)
	live.ask(t, stun.MethodAllocate, transportUDP)
	idle := newStreamClient(t, n.Clients, serverV4, nil)
	idle.ask(t, stun.MethodRefresh) // authenticated, without an allocation

	certificate := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test")
	file, key := certificate.Write(t, t.TempDir())
	c.TLS = map[string]any{"certificates": []map[string]string{{"certificate_file": file, "key_file": key}}}
	c.Streams = map[string]any{"idle_timeout": "1s"}
	s.reload(t, c)
	wantBinding(t, dialTLS(t, n.Clients, serverV4, certificate))
	_ = dialDTLS(t, n.Clients, testnet.ClientV4, serverV4, &tls.Config{RootCAs: certificate.Pool, ServerName: "relay.test"}).Close()
	if code := errorCode(live.ask(t, stun.MethodRefresh)); code != 0 {
		t.Errorf("Refresh on a connection from before: got error %d, want success", code)
	}
	if !idle.isClosed(patience) {
		t.Error("a connection without an allocation stays open after the new idle_timeout")
	}
	if lines := s.logLines("next start"); len(lines) != 0 {
		t.Errorf("got %q, want nothing that needs a restart", lines)
	}
	s.check(t)
}

// dialTLS connects and wants the certificate.
func dialTLS(t *testing.T, host *testnet.Namespace, server netip.AddrPort, want testnet.Certificate) *tls.Conn {
	t.Helper()
	conn, err := host.DialContext(t.Context(), "tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	client := tls.Client(conn, &tls.Config{ServerName: "relay.test", RootCAs: want.Pool, NextProtos: []string{"stun.turn"}})
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatalf("handshake with %s: %v", server, err)
	}
	return client
}

// serialServed is the serial number of the certificate in a new handshake.
func serialServed(t *testing.T, host *testnet.Namespace, server netip.AddrPort) *big.Int {
	t.Helper()
	conn, err := host.DialContext(t.Context(), "tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // whichever it is
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatalf("handshake with %s: %v", server, err)
	}
	return client.ConnectionState().PeerCertificates[0].SerialNumber
}

// wantBinding asks for the mapped address.
func wantBinding(t *testing.T, conn *tls.Conn) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := stun.MustBuild(stun.TransactionID, stun.BindingRequest).WriteTo(conn); err != nil {
		t.Fatalf("ask: %v", err)
	}
	answer := stun.New()
	var mapped stun.XORMappedAddress
	if _, err := answer.ReadFrom(conn); err != nil || mapped.GetFrom(answer) != nil {
		t.Errorf("Binding: got %s, %v, want a mapped address", answer, err)
	}
}

package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// selfSigned makes a certificate for loopback, and what trusts it.
func selfSigned(t *testing.T) (server *tls.Config, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: trusted, ServerName: "127.0.0.1"}
}

// One port takes UDP, TCP and TLS, the last by version, application protocol and
// certificate as clients have them.
func TestOnePortTakesPlainAndTLS(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f := start(t, func(o *options) { o.takesTCP, o.streams.TLS = true, serverTLS })
	with := func(change func(*tls.Config)) *tls.Config {
		c := clientTLS.Clone()
		change(c)
		return c
	}
	tests := []struct {
		name     string
		cfg      *tls.Config
		protocol string
	}{
		{"TLS 1.3", clientTLS, ""},
		{"TLS 1.2", with(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), ""},
		{"ALPN for TURN", with(func(c *tls.Config) { c.NextProtos = []string{"stun.turn"} }), "stun.turn"},
		{"ALPN for discovery", with(func(c *tls.Config) { c.NextProtos = []string{"stun.nat-discovery"} }), "stun.nat-discovery"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cl := dialTCP(t, f.addr, test.cfg, "alice", "wonderland")
			if got := cl.conn.(framed).Conn.(*tls.Conn).ConnectionState().NegotiatedProtocol; got != test.protocol {
				t.Errorf("got protocol %q, want %q", got, test.protocol)
			}
			relayBothWays(t, f, cl)
		})
	}
	t.Run("plain", func(t *testing.T) { relayBothWays(t, f, dialTCP(t, f.addr, nil, "alice", "wonderland")) })
	t.Run("UDP", func(t *testing.T) { dial(t, f.addr, "bob", "builder").allocate() })

	for name, cfg := range map[string]*tls.Config{
		"TLS 1.1":          with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }),
		"another protocol": with(func(c *tls.Config) { c.NextProtos = []string{"h2"} }),
	} {
		conn, err := net.Dial("tcp", f.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := tls.Client(conn, cfg).Handshake(); err == nil {
			t.Errorf("%s: got a connection, want a refusal", name)
		}
	}
	deadline := time.Now().Add(answerTimeout)
	isAll := func(s relay.StreamStats) bool { // a worker may serve a connection before it is counted
		return s.FailedHandshakes == 2 && s.AcceptedTLS == 4 && s.AcceptedTCP == 1
	}
	for !isAll(f.engine.StreamStats()) && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if got := f.engine.StreamStats(); !isAll(got) {
		t.Errorf("got %+v, want 2 failed handshakes, 4 connections by TLS and 1 by TCP", got)
	}
}

// A TLS client that stops reading has its datagrams dropped; afterwards the
// stream goes on where it was.
func TestTLSBackPressure(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f := start(t, func(o *options) { o.takesTCP, o.streams.TLS = true, serverTLS })
	cl := dialTCP(t, f.addr, clientTLS, "alice", "wonderland")
	relayed := cl.allocate()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 0)
	payload := randomBytes(1000)
	dropped := func() (n uint64) {
		for _, w := range f.engine.Workers() {
			n += w.Stats().Drops[fastpath.DropClientBacklog]
		}
		return n
	}
	for dropped() < 100 {
		for range 20 {
			f.sendToRelay(t, relayed, payload)
		}
	}
	last := randomBytes(1000)
	f.sendToRelay(t, relayed, last)
	for want := channelData(0x4000, payload); ; {
		got := cl.receiveRaw()
		if bytes.Equal(got, channelData(0x4000, last)) {
			break
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("got %d bytes % x…, want whole datagrams", len(got), got[:4])
		}
	}
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(600)), 0)
}

package tlsconf_test

import (
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/internal/tlsconf"
)

func inAYear() time.Time { return time.Now().Add(365 * 24 * time.Hour) }

// onDisk is a certificate in a directory of its own.
func onDisk(t *testing.T, expires time.Time, names ...string) (testnet.Certificate, tlsconf.Files) {
	t.Helper()
	c := testnet.NewCertificate(t, expires, names...)
	certificate, key := c.Write(t, t.TempDir())
	return c, tlsconf.Files{Certificate: certificate, Key: key}
}

// open makes a Store, with what it logs.
func open(t *testing.T, files ...tlsconf.Files) (*tlsconf.Store, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	s, err := tlsconf.Open(tlsconf.Config{Files: files, Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	return s, logs
}

// handshake returns both ends of a new connection; the client trusts everybody.
func handshake(t *testing.T, s *tlsconf.Store, client *tls.Config) (server, dialled *tls.Conn, err error) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	client.InsecureSkipVerify = true
	server, dialled = tls.Server(near, s.TLS()), tls.Client(far, client)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err = dialled.Handshake(); err != nil {
		far.Close()
		<-done
		return nil, nil, err
	}
	return server, dialled, <-done
}

// served is the certificate that a new handshake gets.
func served(t *testing.T, s *tlsconf.Store, name string) *x509.Certificate {
	t.Helper()
	_, client, err := handshake(t, s, &tls.Config{ServerName: name})
	if err != nil {
		t.Fatalf("handshake with %q: %v", name, err)
	}
	return client.ConnectionState().PeerCertificates[0]
}

func wantServed(t *testing.T, s *tlsconf.Store, name string, want *big.Int) {
	t.Helper()
	if got := served(t, s, name); got.SerialNumber.Cmp(want) != 0 {
		t.Errorf("%q: got the certificate %v of %v, want %v", name, got.SerialNumber, got.DNSNames, want)
	}
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

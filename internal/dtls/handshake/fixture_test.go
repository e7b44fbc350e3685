package handshake_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/dtls/handshake"
)

const patience = 30 * time.Second

// certificate makes one for relay.test with a key.
func certificate(t *testing.T, key crypto.Signer) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay.test"}, DNSNames: []string{"relay.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

func ecdsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// echo is a server of one client that sends back what it gets.
type echo struct {
	t      *testing.T
	server *handshake.Server
	socket *net.UDPConn
	jar    *dtls.Jar
	cid    dtls.CID
	lose   func(datagram []byte) bool // what does not get to the client; nil: everything does
	begun  chan struct{}              // closed when a cookie has come back

	mu        sync.Mutex
	handshake *handshake.Handshake // guarded by mu
	cipher    *dtls.Cipher         // nil: none yet; guarded by mu
	result    handshake.Result     // guarded by mu
	err       error                // guarded by mu
	early     [][]byte             // guarded by mu
	running   sync.WaitGroup
}

// serve runs an echo until the end of the test.
func serve(t *testing.T, cfg *tls.Config, change ...func(*echo)) *echo {
	t.Helper()
	server, err := handshake.NewServer(cfg, []string{"stun.turn", "stun.nat-discovery"})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{t: t, server: server, socket: socket, jar: dtls.NewCookies().Jar(), cid: dtls.NewCID(1), begun: make(chan struct{})}
	for _, c := range change {
		c(e)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.running.Go(func() { e.receive(ctx) })
	t.Cleanup(func() {
		socket.Close()
		cancel()
		e.running.Wait()
	})
	return e
}

func (e *echo) receive(ctx context.Context) {
	b := make([]byte, 65536)
	for {
		n, client, err := e.socket.ReadFromUDP(b)
		if err != nil {
			return
		}
		e.take(ctx, client, b[:n])
	}
}

// take does what a worker does with a datagram.
func (e *echo) take(ctx context.Context, client *net.UDPAddr, b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if hello, ok := dtls.ParseHello(b); ok && e.handshake == nil {
		if hello.MessageSequence == 0 {
			var cookie [dtls.CookieSize]byte
			var answer [dtls.VerifyRequestSize]byte
			e.jar.Put(&cookie, &dtls.Path{}, &hello, 1)
			dtls.VerifyRequest(&answer, &hello, &cookie)
			e.send(client, answer[:])
			return
		}
		if !e.jar.Check(&dtls.Path{}, &hello, 2) {
			e.t.Error("the cookie that came back is not the one that was sent")
			return
		}
		h, err := e.server.New(handshake.Client{Address: client.AddrPort(), Hello: b, CID: e.cid}, func(d []byte) { e.send(client, d) })
		if err != nil {
			e.t.Error(err)
			return
		}
		e.handshake = h
		close(e.begun)
		e.running.Go(func() { e.run(ctx, client, h) })
		return
	}
	if e.handshake == nil {
		return
	}
	r, ok := dtls.ParseRecord(b)
	if !ok {
		return
	}
	if r.Type != dtls.TypeApplicationData {
		e.handshake.Deliver(b)
	}
	if e.cipher == nil {
		e.early = append(e.early, bytes.Clone(b))
		return
	}
	e.answer(client, b)
}

// run runs the handshake.
func (e *echo) run(ctx context.Context, client *net.UDPAddr, h *handshake.Handshake) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := h.Run(limited)
	e.mu.Lock()
	e.result, e.err = result, err
	if err == nil {
		e.cipher, e.err = dtls.NewCipher(&result.Keys)
		for _, b := range e.early {
			e.answer(client, b)
		}
	}
	e.mu.Unlock()
	if err == nil {
		h.Linger(ctx)
	}
}

// answer sends back the application data of a datagram.
func (e *echo) answer(client *net.UDPAddr, b []byte) {
	for len(b) > 0 {
		r, ok := dtls.ParseRecord(b)
		if !ok {
			return
		}
		at, n, kind, _, ok := e.cipher.Open(b[:r.Size], &r)
		if ok && kind == dtls.TypeApplicationData {
			e.cipher.Start(e.handshake.Release())
			record := make([]byte, n+e.cipher.Overhead())
			copy(record[e.cipher.Prefix():], b[at:at+n])
			e.send(client, e.cipher.Seal(record, dtls.TypeApplicationData, n))
		}
		b = b[r.Size:]
	}
}

func (e *echo) send(client *net.UDPAddr, datagram []byte) {
	if e.lose != nil && e.lose(datagram) {
		return
	}
	_, _ = e.socket.WriteToUDP(datagram, client) // the test may be over
}

// dial connects a client of the library.
func (e *echo) dial(pool *x509.CertPool, options ...pion.ClientOption) (*pion.Conn, error) {
	e.t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		e.t.Fatal(err)
	}
	options = append([]pion.ClientOption{pion.WithRootCAs(pool), pion.WithServerName("relay.test")}, options...)
	conn, err := pion.ClientWithOptions(socket, e.socket.LocalAddr(), options...)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close(); socket.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return conn, conn.HandshakeContext(ctx)
}

// wantEcho sends a payload and wants it back.
func wantEcho(t *testing.T, conn net.Conn, payload string) {
	t.Helper()
	if _, err := conn.Write([]byte(payload)); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8192)
	n, err := conn.Read(b)
	if err != nil || string(b[:n]) != payload {
		t.Fatalf("got %q back (error %v), want %q", b[:n], err, payload)
	}
}

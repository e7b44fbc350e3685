package relay_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// dtlsEngine runs an engine with one listener for datagrams on loopback.
func dtlsEngine(t *testing.T, change func(*relay.Config)) (*relay.Engine, netip.AddrPort) {
	t.Helper()
	cfg := relay.Config{
		Workers: 2, Worker: echo, Listeners: addrs("127.0.0.1:0"),
		Streams: relay.StreamConfig{HandshakeTimeout: patience, MaxUnauthenticated: 100, MaxUnauthenticatedPerSource: 100},
	}
	change(&cfg)
	engine := start(t, cfg)
	return engine, engine.Addresses()[0]
}

// socket opens a socket on loopback.
func socket(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// secureOn shakes hands on a socket.
func secureOn(t *testing.T, conn net.PacketConn, addr netip.AddrPort, pool *x509.CertPool, wait time.Duration) (*pion.Conn, error) {
	t.Helper()
	secure, err := pion.ClientWithOptions(conn, net.UDPAddrFromAddrPort(addr),
		pion.WithRootCAs(pool), pion.WithServerName("relay.test"), pion.WithFlightInterval(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { secure.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	return secure, secure.HandshakeContext(ctx)
}

func dialSecure(t *testing.T, addr netip.AddrPort, pool *x509.CertPool) *pion.Conn {
	t.Helper()
	secure, err := secureOn(t, socket(t), addr, pool, patience)
	if err != nil {
		t.Fatal(err)
	}
	return secure
}

// firstFlights sends the ClientHello of a client, with and without cookie, and
// nothing else.
func firstFlights(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	secure, err := pion.ClientWithOptions(mute{socket(t), cancel}, net.UDPAddrFromAddrPort(addr), pion.WithFlightInterval(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close()
	if err := secure.HandshakeContext(ctx); err == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("got error %v, want the end by the second ClientHello", err)
	}
}

// mute lets nothing pass but ClientHellos, and tells of the second one.
type mute struct {
	net.PacketConn
	second func()
}

func (m mute) WriteTo(b []byte, to net.Addr) (int, error) {
	if b[0] != 22 || b[13] != 1 {
		return len(b), nil
	}
	n, err := m.PacketConn.WriteTo(b, to)
	if b[18] == 1 { // the number of the message
		m.second()
	}
	return n, err
}

func stats(engine *relay.Engine) (sum fastpath.Stats) {
	for _, w := range engine.Workers() {
		s := w.Stats()
		for i, n := range s.Drops {
			sum.Drops[i] += n
		}
		for i, n := range s.StreamsClosed {
			sum.StreamsClosed[i] += n
		}
		sum.StreamsDTLS += s.StreamsDTLS
		sum.HelloVerifies += s.HelloVerifies
	}
	return sum
}

// Handshakes that are never finished keep no real client out, however many there
// are: each newcomer takes the place of a random one.
func TestUnfinishedDTLSKeepsNobodyOut(t *testing.T) {
	server, client := serverTLS(t)
	engine, addr := dtlsEngine(t, func(c *relay.Config) {
		c.DTLS.TLS, c.Streams.MaxUnauthenticated = server, 5
	})
	t.Run("strangers", func(t *testing.T) {
		for range 20 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				firstFlights(t, addr)
			})
		}
	})
	eventually(t, func() bool { return engine.DTLSStats().Evicted >= 15 })
	if s := engine.DTLSStats(); s.Unauthenticated > 5 {
		t.Errorf("got %+v, want 5 unfinished handshakes at most", s)
	}
	if err := ask(dialSecure(t, addr, client.RootCAs)); err != nil {
		t.Errorf("a real client gets error %v, want an answer", err)
	}
}

// Handshakes that take too long end, and a source has so many and no more.
func TestUnfinishedDTLSOfOneSource(t *testing.T) {
	server, client := serverTLS(t)
	var streams relay.StreamConfig
	engine, addr := dtlsEngine(t, func(c *relay.Config) {
		c.Streams.MaxUnauthenticatedPerSource = 2
		streams = c.Streams // with patience
		c.DTLS.TLS, c.Streams.HandshakeTimeout = server, 50*time.Millisecond
	})
	firstFlights(t, addr)
	firstFlights(t, addr)
	eventually(t, func() bool { s := engine.DTLSStats(); return s.Failed == 2 && s.Unauthenticated == 0 })
	if err := engine.SetStreams(streams, echo(0).Streams); err != nil {
		t.Fatal(err)
	}
	if err := ask(dialSecure(t, addr, client.RootCAs)); err != nil {
		t.Errorf("later a client gets error %v, want an answer", err)
	}
	t.Run("strangers", func(t *testing.T) {
		for range 6 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				firstFlights(t, addr)
			})
		}
	})
	eventually(t, func() bool { return engine.DTLSStats().Refused >= 1 })
	if s := engine.DTLSStats(); s.Unauthenticated > 2 {
		t.Errorf("got %+v, want 2 unfinished at most", s)
	}
}

// Records of strangers that begin nothing are dropped and leave nothing behind, and
// a ClientHello without a cookie leaves nothing either.
func TestStrangersOfDTLS(t *testing.T) {
	server, client := serverTLS(t)
	engine, addr := dtlsEngine(t, func(c *relay.Config) { c.DTLS.TLS = server })
	var hello []byte
	capture := recorder{socket(t), func(b []byte) {
		if hello == nil {
			hello = bytes.Clone(b)
		}
	}}
	if _, err := secureOn(t, capture, addr, client.RootCAs, patience); err != nil {
		t.Fatal(err)
	}
	before := stats(engine)
	conn := socket(t)
	send := func(b []byte) {
		t.Helper()
		if _, err := conn.WriteToUDPAddrPort(b, addr); err != nil {
			t.Fatal(err)
		}
	}
	record := func(kind byte, epoch byte) []byte {
		return append([]byte{kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 1, 0, 40}, make([]byte, 40)...)
	}
	for _, kind := range []byte{20, 21, 22, 23, 24, 26, 63} {
		send(record(kind, 0))
		send(record(kind, 1))
	}
	send(append([]byte{25, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4, 5, 6, 0, 40}, make([]byte, 40)...)) // an ID of another worker
	eventually(t, func() bool { return stats(engine).Drops[fastpath.DropDTLSStranger] >= 15 })
	for _, malformed := range [][]byte{{22}, {22, 0xFE, 0xFD}, hello[:len(hello)-1], {25, 0xFE, 0xFD, 0, 1}} {
		send(malformed)
	}
	withCookie := bytes.Clone(hello)
	withCookie[18] = 1 // the number of a second ClientHello
	withCookie[10] = 1
	send(withCookie)
	send(hello)
	eventually(t, func() bool {
		s := stats(engine)
		return s.HelloVerifies == before.HelloVerifies+1 && s.Drops[fastpath.DropDTLSCookie] == 1
	})
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2000)
	if n, err := conn.Read(b); err != nil || n >= len(hello) || b[13] != 3 {
		t.Errorf("got %d bytes (error %v), want a HelloVerifyRequest, shorter than the ClientHello", n, err)
	}
	if s := engine.DTLSStats(); s.Completed != 1 || s.Failed != 0 {
		t.Errorf("got %+v, want one handshake, that of the real client", s)
	}
}

// recorder shows what is sent.
type recorder struct {
	net.PacketConn
	show func(b []byte)
}

func (r recorder) WriteTo(b []byte, to net.Addr) (int, error) {
	r.show(b)
	return r.PacketConn.WriteTo(b, to)
}

// A client that begins anew on the same port gets a new association; the old one
// ends when the new one stands, not before.
func TestClientOfDTLSBeginsAnew(t *testing.T) {
	server, client := serverTLS(t)
	engine, addr := dtlsEngine(t, func(c *relay.Config) { c.DTLS.TLS = server })
	shared := socket(t)
	for i := range 3 {
		secure, err := secureOn(t, keepOpen{shared}, addr, client.RootCAs, patience)
		if err != nil {
			t.Fatalf("time %d: %v", i, err)
		}
		if err := ask(secure); err != nil {
			t.Errorf("time %d: got error %v, want an answer", i, err)
		}
		abandon(secure)
	}
	eventually(t, func() bool {
		s := stats(engine)
		return s.StreamsDTLS == 1 && s.StreamsClosed[fastpath.CloseReplaced] == 2
	})
}

// keepOpen is a socket that outlives the association on it, and takes no goodbye of
// it.
type keepOpen struct{ net.PacketConn }

func (keepOpen) Close() error { return nil }

func (k keepOpen) WriteTo(b []byte, to net.Addr) (int, error) {
	if b[0] == 21 {
		return len(b), nil
	}
	return k.PacketConn.WriteTo(b, to)
}

// abandon stops reading from the socket without a word.
func abandon(secure *pion.Conn) { secure.Close() }

// A listener for DTLS alone answers nothing else, and does not start without a
// certificate.
func TestListenerForDTLS(t *testing.T) {
	server, client := serverTLS(t)
	engine, addr := dtlsEngine(t, func(c *relay.Config) { c.DTLS = relay.DTLSConfig{TLS: server, Only: c.Listeners} })
	plain, err := net.Dial("udp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.Write(bindingRequest); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return stats(engine).Drops[fastpath.DropPlain] == 1 })
	if err := ask(dialSecure(t, addr, client.RootCAs)); err != nil {
		t.Errorf("got error %v by DTLS, want an answer", err)
	}
	plain.SetReadDeadline(time.Now())
	if n, err := plain.Read(make([]byte, 100)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes (error %v) for plain STUN, want nothing", n, err)
	}
	_, err = relay.Open(relay.Config{Workers: 1, Worker: echo, Listeners: addrs("127.0.0.1:0"), DTLS: relay.DTLSConfig{Only: addrs("127.0.0.1:0")}}, zap.NewNop())
	if err == nil || !strings.Contains(err.Error(), "set tls.certificates") {
		t.Errorf("without a certificate: got error %v, want one that says what to set", err)
	}
}

// DTLS comes and goes with the first certificate and the last; associations stay.
func TestDTLSSwitched(t *testing.T) {
	server, client := serverTLS(t)
	engine, addr := dtlsEngine(t, func(c *relay.Config) { c.DTLS = relay.DTLSConfig{TLS: server, Off: true} })
	conn := socket(t)
	if _, err := conn.WriteToUDPAddrPort([]byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, addr); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return stats(engine).Drops[fastpath.DropDTLS] == 1 })
	if err := engine.SetDTLS(true); err != nil || !engine.HasDTLS() {
		t.Fatalf("got error %v, DTLS %v, want it on", err, engine.HasDTLS())
	}
	secure := dialSecure(t, addr, client.RootCAs)
	if err := engine.SetDTLS(false); err != nil || engine.HasDTLS() {
		t.Fatalf("got error %v, DTLS %v, want it off", err, engine.HasDTLS())
	}
	if err := ask(secure); err != nil {
		t.Errorf("by the association from before: got error %v, want an answer", err)
	}
	if _, err := secureOn(t, socket(t), addr, client.RootCAs, 300*time.Millisecond); err == nil {
		t.Error("a stranger gets an association, want none")
	}
}

// A new certificate serves the next handshakes; associations go on with what they
// have.
func TestCertificateOfDTLSReplaced(t *testing.T) {
	var current atomic.Pointer[tls.Certificate]
	replace := func() *x509.CertPool {
		c := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test")
		pair, err := tls.X509KeyPair(c.Certificate, c.Key)
		if err != nil {
			t.Fatal(err)
		}
		current.Store(&pair)
		return c.Pool
	}
	pool := replace()
	_, addr := dtlsEngine(t, func(c *relay.Config) {
		c.DTLS.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil }}
	})
	old := dialSecure(t, addr, pool)
	next := replace()
	if err := ask(dialSecure(t, addr, next)); err != nil {
		t.Errorf("with the new certificate: got error %v, want an answer", err)
	}
	if _, err := secureOn(t, socket(t), addr, pool, patience); err == nil {
		t.Error("the old certificate is still served")
	}
	if err := ask(old); err != nil {
		t.Errorf("by the association from before: got error %v, want an answer", err)
	}
}

// Too many clients that have not authenticated evict one another also when workers
// have them, and hear a goodbye.
func TestEvictionOfDTLS(t *testing.T) {
	server, client := serverTLS(t)
	engine, addr := dtlsEngine(t, func(c *relay.Config) { c.DTLS.TLS, c.Streams.MaxUnauthenticated = server, 3 })
	for range 10 {
		dialSecure(t, addr, client.RootCAs)
	}
	eventually(t, func() bool {
		s := stats(engine)
		return s.StreamsDTLS == 3 && s.StreamsClosed[fastpath.CloseEvicted] == 7 && engine.DTLSStats().Unauthenticated == 3
	})
}

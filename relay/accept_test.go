package relay_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// bindingRequest is a message that echo answers.
var bindingRequest = []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}

// echo is a worker that takes every client for authenticated and answers what it
// was asked.
func echo(int) fastpath.Config {
	return fastpath.Config{
		Streams: fastpath.StreamLimits{
			AuthenticationTimeout: time.Minute, UnauthenticatedBytes: 1 << 20, IdleTimeout: time.Minute, BacklogBytes: 256 << 10,
		},
		Control: func(w *fastpath.Worker, batch []fastpath.Message) {
			for i := range batch {
				w.Authenticated(batch[i].Stream)
				w.Reply(&batch[i], batch[i].Data)
			}
		},
	}
}

// streamEngine runs an engine with one listener for streams on loopback.
func streamEngine(t *testing.T, change func(*relay.StreamConfig)) (*relay.Engine, string) {
	t.Helper()
	cfg := relay.StreamConfig{
		Listeners:        []relay.StreamListener{{Address: netip.MustParseAddrPort("127.0.0.1:0")}},
		HandshakeTimeout: patience, MaxUnauthenticated: 100, MaxUnauthenticatedPerSource: 100,
	}
	change(&cfg)
	engine := start(t, relay.Config{Workers: 2, Streams: cfg, Worker: echo})
	return engine, engine.StreamAddresses()[0].String()
}

func serverTLS(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	c := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test")
	pair, err := tls.X509KeyPair(c.Certificate, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, &tls.Config{RootCAs: c.Pool, ServerName: "relay.test"}
}

// ask wants an answer by the connection.
func ask(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write(bindingRequest); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, len(bindingRequest)))
	return err
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// wantEnd waits until the other end closes the connection.
func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open, want its end")
	}
}

// Connections that never finish a handshake do not keep a real client out,
// however many there are, and leave nothing behind.
func TestUnfinishedHandshakesKeepNobodyOut(t *testing.T) {
	before := openFiles()
	t.Run("engine", func(t *testing.T) {
		server, client := serverTLS(t)
		engine, addr := streamEngine(t, func(c *relay.StreamConfig) {
			c.TLS, c.MaxUnauthenticated, c.MaxUnauthenticatedPerSource = server, 20, 1000
		})
		hello := []byte{22, 3, 1, 2, 0, 1}
		for i := range 100 {
			conn := dial(t, addr)
			if i%2 == 0 { // the others say nothing
				if _, err := conn.Write(hello); err != nil {
					t.Fatal(err)
				}
			}
		}
		real := tls.Client(dial(t, addr), client)
		if err := ask(real); err != nil {
			t.Errorf("a real client gets error %v, want an answer", err)
		}
		eventually(t, func() bool { s := engine.StreamStats(); return s.FailedHandshakes >= 80 && s.AcceptedTLS == 1 })
		if s := engine.StreamStats(); s.Evicted < 80 || s.Unauthenticated > 20 || s.AcceptedTLS != 1 {
			t.Errorf("got %+v, want at least 80 evicted, 20 waiting at most, and 1 accepted", s)
		}
		if err := ask(real); err != nil {
			t.Errorf("later the real client gets error %v, want an answer", err)
		}
	})
	eventually(t, func() bool { return openFiles() <= before })
}

// A client that says too little is cut when its time is over.
func TestSlowHandshakeIsCut(t *testing.T) {
	server, _ := serverTLS(t)
	engine, addr := streamEngine(t, func(c *relay.StreamConfig) { c.TLS, c.HandshakeTimeout = server, 50*time.Millisecond })
	for _, head := range []string{"", "\x16", "\x16\x03\x01\x02\x00\x01"} {
		conn := dial(t, addr)
		if _, err := conn.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, conn)
	}
	eventually(t, func() bool { s := engine.StreamStats(); return s.FailedHandshakes == 3 && s.Unauthenticated == 0 })
}

// A source has so many connections without authentication and no more; one that
// has authenticated does not count.
func TestConnectionsOfOneSource(t *testing.T) {
	engine, addr := streamEngine(t, func(c *relay.StreamConfig) { c.MaxUnauthenticatedPerSource = 2 })
	for range 5 {
		if err := ask(dial(t, addr)); err != nil {
			t.Fatalf("got error %v, want an answer", err)
		}
	}
	dial(t, addr)
	dial(t, addr)
	eventually(t, func() bool { return engine.StreamStats().Unauthenticated == 2 })
	wantEnd(t, dial(t, addr))
	if got := engine.StreamStats(); got.Refused != 1 || got.AcceptedTCP != 7 {
		t.Errorf("got %+v, want 1 refused of 8", got)
	}
}

// Too many plain connections evict one another also when workers have them.
func TestEvictionFromWorkers(t *testing.T) {
	engine, addr := streamEngine(t, func(c *relay.StreamConfig) { c.MaxUnauthenticated = 5 })
	for range 30 {
		dial(t, addr)
	}
	eventually(t, func() bool {
		var closed uint64
		for _, w := range engine.Workers() {
			closed += w.Stats().StreamsClosed[fastpath.CloseEvicted]
		}
		s := engine.StreamStats()
		return s.Evicted == 25 && s.Unauthenticated == 5 && closed > 0 && openStreams(engine) == 5
	})
	if err := ask(dial(t, addr)); err != nil {
		t.Errorf("got error %v, want an answer", err)
	}
}

func openStreams(engine *relay.Engine) (n uint64) {
	for _, w := range engine.Workers() {
		n += w.Stats().StreamsTCP + w.Stats().StreamsTLS
	}
	return n
}

// A listener for TLS takes nothing else, and none starts without a certificate.
func TestListenerForTLS(t *testing.T) {
	server, client := serverTLS(t)
	_, addr := streamEngine(t, func(c *relay.StreamConfig) { c.TLS, c.Listeners[0].TLS = server, true })
	plain := dial(t, addr)
	if err := ask(plain); err == nil {
		t.Error("got an answer to plain STUN, want none")
	}
	if err := ask(tls.Client(dial(t, addr), client)); err != nil {
		t.Errorf("got error %v by TLS, want an answer", err)
	}
	_, err := relay.Open(relay.Config{Workers: 1, Worker: echo, Streams: relay.StreamConfig{
		Listeners: []relay.StreamListener{{Address: netip.MustParseAddrPort("127.0.0.1:0"), TLS: true}},
	}}, zap.NewNop())
	if err == nil || !strings.Contains(err.Error(), "set tls.certificates") {
		t.Errorf("without a certificate: got error %v, want one that says what to set", err)
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("condition did not come true")
		}
	}
}

// Whoever checks a name by tls-alpn-01 gets the certificate and nothing else,
// and is no failure.
func TestChallengeOfAnAuthority(t *testing.T) {
	server, client := serverTLS(t)
	server.NextProtos, client.NextProtos = []string{"stun.turn", "acme-tls/1"}, []string{"acme-tls/1"}
	engine, addr := streamEngine(t, func(c *relay.StreamConfig) { c.TLS = server })
	conn := tls.Client(dial(t, addr), client)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, conn)
	eventually(t, func() bool { return engine.StreamStats().Unauthenticated == 0 })
	if got := engine.StreamStats(); got.FailedHandshakes != 0 || got.AcceptedTLS != 0 {
		t.Errorf("got %+v, want neither a failure nor a client", got)
	}
}

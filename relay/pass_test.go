package relay_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/relay"
)

// passing is an engine with TLS whose only listener passes connections on.
func passing(t *testing.T, pass relay.Pass, change func(*relay.StreamConfig)) (*relay.Engine, string, *tls.Config) {
	t.Helper()
	server, client := serverTLS(t)
	engine, addr := streamEngine(t, func(c *relay.StreamConfig) {
		c.TLS, c.Listeners[0].Pass = server, &pass
		c.MaxPassed, c.MaxPassedPerSource, c.PassedIdleTimeout = 10, 10, time.Hour
		if change != nil {
			change(c)
		}
	})
	return engine, addr, client
}

// backend is a server that hands each connection to serve and then closes it.
func backend(t *testing.T, serve func(conn *net.TCPConn)) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn.(*net.TCPConn))
			}()
		}
	}()
	return netip.MustParseAddrPort(listener.Addr().String())
}

// webHello is what a browser says first.
func webHello(t *testing.T) []byte {
	t.Helper()
	return testnet.ClientHello(t, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
}

// One port serves HTTPS, by HTTP/1.1 and HTTP/2, and TURN in plain and over TLS; a
// name of the backend is its own whatever the client offers.
func TestOnePortServesWebAndTURN(t *testing.T) {
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "web by "+r.Proto)
	}))
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(web.Close)
	pass := relay.Pass{To: netip.MustParseAddrPort(web.Listener.Addr().String()), ServerNames: []string{"example.com"}}
	for _, onlyTLS := range []bool{false, true} {
		engine, addr, client := passing(t, pass, func(c *relay.StreamConfig) { c.Listeners[0].TLS = onlyTLS })
		for protocol, transport := range map[string]*http.Transport{
			"HTTP/1.1": {TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}},
			"HTTP/2.0": {TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true},
		} {
			answer, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + addr)
			if err != nil {
				t.Fatalf("%s: %v", protocol, err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			transport.CloseIdleConnections()
			if err != nil || string(body) != "web by "+protocol {
				t.Errorf("got %q, %v, want an answer by %s", body, err, protocol)
			}
		}
		named := tls.Client(dial(t, addr), &tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
		if err := named.Handshake(); err != nil { // its certificate is for that name
			t.Errorf("a name of the backend: %v", err)
		}
		named.Close()

		for _, protocols := range [][]string{nil, {"stun.turn"}, {"h2", "stun.nat-discovery"}} {
			cfg := client.Clone()
			cfg.NextProtos = protocols
			if err := ask(tls.Client(dial(t, addr), cfg)); err != nil {
				t.Errorf("TURN over TLS, protocols %v: %v", protocols, err)
			}
		}
		plain := dial(t, addr)
		if onlyTLS {
			if _, err := plain.Write(bindingRequest); err != nil {
				t.Fatal(err)
			}
			wantEnd(t, plain)
		} else if err := ask(plain); err != nil {
			t.Errorf("TURN over TCP: %v", err)
		}
		eventually(t, func() bool { s := engine.StreamStats(); return s.PassedNow == 0 && s.AcceptedTLS == 3 })
		if s := engine.StreamStats(); s.Passed != 3 || s.PassFailed != 0 || s.PassedToBackendBytes == 0 || s.PassedToClientBytes == 0 {
			t.Errorf("got %+v, want 3 passed on, with their bytes", s)
		}
	}
}

// Bytes arrive whole and in order, however the ClientHello was cut, and each side can
// end while the other goes on. The header in front names the client.
func TestPassedBytes(t *testing.T) {
	type arrival struct {
		from, to string
		bytes    []byte
	}
	arrived := make(chan arrival, 1)
	to := backend(t, func(conn *net.TCPConn) {
		reader := proxyproto.NewConn(conn)
		got, err := io.ReadAll(reader)
		if err != nil {
			t.Errorf("read at the backend: %v", err)
		}
		arrived <- arrival{reader.RemoteAddr().String(), reader.LocalAddr().String(), got}
		if _, err := conn.Write(got); err != nil {
			t.Errorf("write at the backend: %v", err)
		}
	})
	_, addr, _ := passing(t, relay.Pass{To: to, HasHeader: true}, nil)
	hello := webHello(t)
	sent := append(hello, make([]byte, 5<<20)...)
	_, _ = rand.Read(sent[len(hello):])
	conn := dial(t, addr).(*net.TCPConn)
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	for i := range 20 { // one byte at a time in the beginning
		if _, err := conn.Write(sent[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Write(sent[20:]); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	echoed, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(echoed, sent) {
		t.Errorf("got %d bytes back, %v, want the %d that were sent", len(echoed), err, len(sent))
	}
	got := <-arrived
	if !bytes.Equal(got.bytes, sent) || got.from != conn.LocalAddr().String() || got.to != addr {
		t.Errorf("the backend got %d bytes from %s to %s, want %d from %s to %s", len(got.bytes), got.from, got.to, len(sent), conn.LocalAddr(), addr)
	}
}

// Bytes count while a connection is open, each once.
func TestPassedBytesCountWhileOpen(t *testing.T) {
	to := backend(t, func(conn *net.TCPConn) { _, _ = io.Copy(conn, conn) })
	engine, addr, _ := passing(t, relay.Pass{To: to}, nil)
	conn := dial(t, addr).(*net.TCPConn)
	want := uint64(0)
	for _, b := range [][]byte{webHello(t), []byte("a line"), make([]byte, 3<<20)} {
		go func() { _, _ = conn.Write(b) }()
		if _, err := io.ReadFull(conn, make([]byte, len(b))); err != nil {
			t.Fatal(err)
		}
		want += uint64(len(b))
		eventually(t, func() bool {
			s := engine.StreamStats()
			return s.PassedNow == 1 && s.PassedToBackendBytes == want && s.PassedToClientBytes == want
		})
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return engine.StreamStats().PassedNow == 0 })
	if s := engine.StreamStats(); s.PassedToBackendBytes != want || s.PassedToClientBytes != want {
		t.Errorf("got %+v after the end, want %d bytes each way", s, want)
	}
}

// Passed connections have a bound in all and for each source, and no place among the
// strangers; one that is silent has an end, and so has one whose backend is gone.
func TestPassedConnectionsAreBounded(t *testing.T) {
	silent := backend(t, func(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) })
	hello := webHello(t)
	open := func(t *testing.T, addr string) net.Conn {
		t.Helper()
		conn := dial(t, addr)
		if _, err := conn.Write(hello); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	t.Run("in all", func(t *testing.T) {
		engine, addr, _ := passing(t, relay.Pass{To: silent}, func(c *relay.StreamConfig) { c.MaxPassed = 2 })
		first := open(t, addr)
		open(t, addr)
		eventually(t, func() bool { return engine.StreamStats().PassedNow == 2 })
		wantEnd(t, open(t, addr))
		if s := engine.StreamStats(); s.PassRefused != 1 || s.Unauthenticated != 0 {
			t.Errorf("got %+v, want 1 refused and no stranger", s)
		}
		first.Close()
		eventually(t, func() bool { return engine.StreamStats().PassedNow == 1 })
		open(t, addr)
		eventually(t, func() bool { return engine.StreamStats().PassedNow == 2 })
	})
	t.Run("of one source", func(t *testing.T) {
		engine, addr, _ := passing(t, relay.Pass{To: silent}, func(c *relay.StreamConfig) { c.MaxPassedPerSource = 1 })
		open(t, addr)
		eventually(t, func() bool { return engine.StreamStats().PassedNow == 1 })
		wantEnd(t, open(t, addr))
	})
	t.Run("silent", func(t *testing.T) {
		engine, addr, _ := passing(t, relay.Pass{To: silent}, func(c *relay.StreamConfig) { c.PassedIdleTimeout = 50 * time.Millisecond })
		wantEnd(t, open(t, addr))
		eventually(t, func() bool { return engine.StreamStats().PassedNow == 0 })
	})
	t.Run("no backend", func(t *testing.T) {
		nobody := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), testnet.FreePort(t, "127.0.0.1"))
		engine, addr, client := passing(t, relay.Pass{To: nobody}, nil)
		wantEnd(t, open(t, addr))
		eventually(t, func() bool {
			s := engine.StreamStats()
			return s.PassFailed == 1 && s.PassedNow == 0 && s.Unauthenticated == 0
		})
		if err := ask(tls.Client(dial(t, addr), client)); err != nil {
			t.Errorf("TURN without the backend: %v", err)
		}
	})
	t.Run("stranger", func(t *testing.T) {
		engine, addr, _ := passing(t, relay.Pass{To: silent}, func(c *relay.StreamConfig) { c.HandshakeTimeout = 50 * time.Millisecond })
		conn := dial(t, addr)
		if _, err := conn.Write(hello[:len(hello)-1]); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, conn)
		eventually(t, func() bool { s := engine.StreamStats(); return s.FailedHandshakes == 1 && s.Passed == 0 })
	})
}

// What is set while the engine runs holds for those who come: TLS, the bounds of
// strangers, and the workers' limits also for those who are there.
func TestSetStreams(t *testing.T) {
	server, client := serverTLS(t)
	var kept relay.StreamConfig
	engine, addr := streamEngine(t, func(c *relay.StreamConfig) { kept = *c })
	if engine.HasTLS() {
		t.Fatal("got TLS without a certificate")
	}
	early := dial(t, addr)
	if err := ask(early); err != nil {
		t.Fatal(err)
	}
	limits := echo(0).Streams
	kept.TLS, kept.MaxUnauthenticatedPerSource = server, 1
	if err := engine.SetStreams(kept, limits); err != nil {
		t.Fatal(err)
	}
	if err := ask(tls.Client(dial(t, addr), client)); err != nil || !engine.HasTLS() {
		t.Errorf("with a certificate: got error %v, TLS %v, want an answer by TLS", err, engine.HasTLS())
	}
	if err := ask(early); err != nil {
		t.Errorf("a connection from before: %v", err)
	}
	stranger := dial(t, addr)
	eventually(t, func() bool { return engine.StreamStats().Unauthenticated == 1 })
	wantEnd(t, dial(t, addr))
	stranger.Close()

	limits.IdleTimeout = time.Millisecond
	kept.TLS = nil
	if err := engine.SetStreams(kept, limits); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, early)
	if engine.HasTLS() {
		t.Error("got TLS after the certificate was taken away")
	}
}

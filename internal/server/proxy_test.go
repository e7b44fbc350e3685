package server_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pires/go-proxyproto"

	"github.com/fairlead/fairlead/relay"
)

// behindProxy connects as a load balancer does that a client has reached, or
// that checks the server's health.
func behindProxy(t *testing.T, f *fixture, header string, cfg *tls.Config) *client {
	t.Helper()
	conn, err := net.Dial("tcp", f.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, header); err != nil {
		t.Fatal(err)
	}
	if cfg != nil {
		secure := tls.Client(conn, cfg)
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		conn = secure
	}
	return &client{t: t, conn: framed{conn, bufio.NewReader(conn)}, server: f.addr, username: "alice", password: "wonderland"}
}

// header2 is a header of version 2 for a client.
func header2(t *testing.T, source string) string {
	t.Helper()
	text, err := proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(source)),
		&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}).Format()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func proxiesOnLoopback(o *options) { proxiesAt("127.0.0.0/8")(o) }

// proxiesAt makes the listener one for proxies.
func proxiesAt(prefix string) func(*options) {
	return func(o *options) {
		o.takesTCP = true
		o.proxies = []netip.Prefix{netip.MustParsePrefix(prefix)}
	}
}

// wantStreams waits until the listener has counted what is wanted.
func wantStreams(t *testing.T, f *fixture, isThere func(relay.StreamStats) bool) {
	t.Helper()
	for deadline := time.Now().Add(answerTimeout); !isThere(f.engine.StreamStats()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", f.engine.StreamStats())
		}
	}
}

func TestClientBehindProxy(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f := start(t, proxiesOnLoopback, func(o *options) { o.streams.TLS = serverTLS })
	for name, test := range map[string]struct {
		header string
		tls    *tls.Config
		want   string // empty: the proxy itself
	}{
		"version 1":          {"PROXY TCP4 198.51.100.7 192.0.2.1 40000 443\r\n", nil, "198.51.100.7:40000"},
		"version 2":          {header2(t, "198.51.100.8:40000"), nil, "198.51.100.8:40000"},
		"IPv6 client":        {"PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n", nil, "[2001:db8::7]:40000"},
		"version 1 with TLS": {"PROXY TCP4 198.51.100.9 192.0.2.1 40000 443\r\n", clientTLS, "198.51.100.9:40000"},
		"version 2 with TLS": {header2(t, "198.51.100.10:40000"), clientTLS, "198.51.100.10:40000"},
		"health check":       {"PROXY UNKNOWN\r\n", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cl := behindProxy(t, f, test.header, test.tls)
			want := cl.conn.LocalAddr().(*net.TCPAddr).AddrPort()
			if test.want != "" {
				want = netip.MustParseAddrPort(test.want)
			}
			if got := xorAddr(t, bind(cl), stun.AttrXORMappedAddress); got != want {
				t.Errorf("got mapped address %s, want %s", got, want)
			}
			relayBothWays(t, f, cl)
		})
	}
}

// A client that comes again with the same address has lost its old connection,
// even if the proxy has not.
func TestClientBehindProxyComesAgain(t *testing.T) {
	f := start(t, proxiesOnLoopback)
	old := behindProxy(t, f, header2(t, "198.51.100.7:40000"), nil)
	old.allocate()
	behindProxy(t, f, header2(t, "198.51.100.7:40000"), nil).allocate()
	wantClosed(t, old.conn.(framed).Conn)
	if got := f.server.Stats().Quota.Live; got != 1 {
		t.Errorf("got %d allocations, want that of the new connection", got)
	}
}

func TestProxyThatIsNotTrusted(t *testing.T) {
	f := start(t, proxiesAt("192.0.2.0/24"))
	conn, err := net.Dial("tcp", f.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantClosed(t, conn)
	wantStreams(t, f, func(s relay.StreamStats) bool { return s.UntrustedProxies == 1 && s.Unauthenticated == 0 })
}

func TestProxyWithoutHeader(t *testing.T) {
	f := start(t, proxiesOnLoopback, func(o *options) { o.streams.HandshakeTimeout = 300 * time.Millisecond })
	for _, sent := range []string{string(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw), "PROXY TCP4 198.51.100.7", ""} {
		conn, err := net.Dial("tcp", f.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, conn)
	}
	silent, err := net.Dial("tcp", f.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	silent.Close() // as the simplest of health checks
	wantStreams(t, f, func(s relay.StreamStats) bool { return s.FailedProxyHeaders == 3 && s.Unauthenticated == 0 })
}

// The limit for strangers counts the client that the proxy names, not the proxy.
func TestLimitBehindProxy(t *testing.T) {
	f := start(t, proxiesOnLoopback, func(o *options) { o.streams.MaxUnauthenticatedPerSource = 2 })
	for _, source := range []string{"198.51.100.7:40000", "198.51.100.8:40000", "198.51.100.7:40001", "198.51.100.8:40001"} {
		bind(behindProxy(t, f, header2(t, source), nil))
	}
	wantClosed(t, behindProxy(t, f, header2(t, "198.51.100.7:40002"), nil).conn.(framed).Conn)
	wantStreams(t, f, func(s relay.StreamStats) bool { return s.Refused == 1 && s.Unauthenticated == 4 })
}

// wantClosed waits for the end of a connection on which nothing comes.
func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(answerTimeout))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil || isTimeout(err) {
		t.Errorf("got %d bytes, %v, want the end of the connection", n, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// bind asks for the mapped address.
func bind(cl *client) *stun.Message { return cl.roundTrip(message(stun.MethodBinding)) }

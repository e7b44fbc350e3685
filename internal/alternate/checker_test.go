package alternate_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/internal/alternate"
	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/internal/wire"
)

const patience = 30 * time.Second

// answer makes a Binding success response, nil for what is no request.
func answer(request []byte) []byte {
	var m wire.Message
	if m.Walk(request) != wire.OK || m.Method != wire.MethodBinding || m.Class != wire.ClassRequest {
		return nil
	}
	var b wire.Builder
	b.Answer(&m, wire.ClassSuccess)
	return b.Bytes()
}

// udpServer answers each datagram by what reply makes of it.
func udpServer(t *testing.T, address string, reply func(request []byte) []byte) alternate.Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if out := reply(b[:n]); out != nil {
				conn.WriteTo(out, from)
			}
		}
	}()
	return alternate.Server{Address: conn.LocalAddr().(*net.UDPAddr).AddrPort(), Transport: alternate.UDP}
}

// tcpServer answers the first 20 bytes of each connection.
func tcpServer(t *testing.T, reply func(request []byte) []byte) alternate.Server {
	t.Helper()
	return streamServer(t, func(l net.Listener) net.Listener { return l }, reply)
}

func streamServer(t *testing.T, wrap func(net.Listener) net.Listener, reply func(request []byte) []byte) alternate.Server {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := wrap(plain)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b := make([]byte, wire.HeaderSize)
			if _, err := io.ReadFull(conn, b); err == nil {
				conn.Write(reply(b))
			}
			conn.Close()
		}
	}()
	return alternate.Server{Address: listener.Addr().(*net.TCPAddr).AddrPort(), Transport: alternate.TCP}
}

// tlsServer is a tcpServer behind TLS, with a certificate that nobody vouches for.
func tlsServer(t *testing.T, domain string) alternate.Server {
	t.Helper()
	front := httptest.NewUnstartedServer(nil) // for its certificate
	front.StartTLS()
	t.Cleanup(front.Close)
	s := streamServer(t, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: front.TLS.Certificates})
	}, answer)
	s.Transport, s.Domain = alternate.TLS, domain
	return s
}

// closed is an address where nobody is.
func closed(t *testing.T, transport alternate.Transport) alternate.Server {
	t.Helper()
	nobody := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), testnet.FreePort(t, "127.0.0.1"))
	return alternate.Server{Address: nobody, Transport: transport}
}

func TestProbe(t *testing.T) {
	otherID := func(request []byte) []byte {
		out := answer(request)
		out[10] ^= 1
		return out
	}
	failure := func(request []byte) []byte {
		out := answer(request)
		out[1] |= 0x10 // an error response
		return out
	}
	late := 0
	tests := map[string]struct {
		server alternate.Server
		ok     bool
	}{
		"UDP":                      {udpServer(t, "127.0.0.1:0", answer), true},
		"UDP over IPv6":            {udpServer(t, "[::1]:0", answer), true},
		"TCP":                      {tcpServer(t, answer), true},
		"UDP, second try":          {udpServer(t, "127.0.0.1:0", func(b []byte) []byte { late++; return answer(b)[:20*min(late-1, 1)] }), true},
		"UDP, silence":             {udpServer(t, "127.0.0.1:0", func([]byte) []byte { return nil }), false},
		"UDP, another transaction": {udpServer(t, "127.0.0.1:0", otherID), false},
		"UDP, error response":      {udpServer(t, "127.0.0.1:0", failure), false},
		"UDP, nobody":              {closed(t, alternate.UDP), false},
		"TCP, another transaction": {tcpServer(t, otherID), false},
		"TCP, closed at once":      {tcpServer(t, func([]byte) []byte { return nil }), false},
		"TCP, an endless answer":   {tcpServer(t, func(b []byte) []byte { return append(b[:2:2], append([]byte{0xFF, 0xFC}, make([]byte, 5000)...)...) }), false},
		"TCP, nobody":              {closed(t, alternate.TCP), false},
		"TLS, any name":            {tlsServer(t, ""), true},
		"TLS, unknown authority":   {tlsServer(t, "turn2.example.org"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := patience
			if !test.ok {
				limit = 700 * time.Millisecond // one retransmission
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if err := alternate.Probe(ctx, test.server); (err == nil) != test.ok {
				t.Errorf("got %v, want success %v", err, test.ok)
			}
		})
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// Only servers that answer are picked, each for its transport and family, in
// turn; a change of the list is followed at once.
func TestPickHealthyServers(t *testing.T) {
	anyDomain := func(string) bool { return true }
	a, b := udpServer(t, "127.0.0.1:0", answer), udpServer(t, "127.0.0.1:0", answer)
	six, tcp := udpServer(t, "[::1]:0", answer), tcpServer(t, answer)
	dead := closed(t, alternate.UDP)
	log, logs := observer.New(zap.InfoLevel)
	c := alternate.New([]alternate.Server{dead, a, b, six}, zap.New(log))
	if s, ok := c.Pick(alternate.UDP, true, anyDomain); ok {
		t.Errorf("got %v before any probe, want none", s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	defer func() { cancel(); <-done }()

	await(t, "every server has a verdict", func() bool { return logs.Len() == 4 })
	seen := make(map[netip.AddrPort]int)
	for range 100 {
		s, _ := c.Pick(alternate.UDP, true, anyDomain)
		seen[s.Address]++
	}
	if seen[a.Address] < 20 || seen[b.Address] < 20 || len(seen) != 2 {
		t.Errorf("got picks %v, want %s and %s in turn", seen, a.Address, b.Address)
	}
	if got, ok := c.Pick(alternate.UDP, false, anyDomain); got != six || !ok {
		t.Errorf("got %v, %v for IPv6, want %v", got, ok, six)
	}
	if got, ok := c.Pick(alternate.TCP, true, anyDomain); ok {
		t.Errorf("got %v for TCP, want none", got)
	}
	if got, ok := c.Pick(alternate.UDP, true, func(domain string) bool { return domain != "" }); ok {
		t.Errorf("got %v, whose domain does not fit, want none", got)
	}
	if lines := logs.FilterMessageSnippet("does not answer").All(); len(lines) != 1 || !strings.Contains(lines[0].ContextMap()["server"].(string), dead.Address.String()) {
		t.Errorf("got lines %v, want one about %s", lines, dead.Address)
	}

	c.SetServers([]alternate.Server{a, tcp})
	if got, ok := c.Pick(alternate.UDP, true, anyDomain); got != a || !ok {
		t.Errorf("got %v, %v after the list changed, want %v", got, ok, a)
	}
	if got, ok := c.Pick(alternate.UDP, false, anyDomain); ok {
		t.Errorf("got %v, which is not in the list any more, want none", got)
	}
	await(t, "the new server is picked", func() bool {
		got, ok := c.Pick(alternate.TCP, true, anyDomain)
		return ok && got == tcp
	})
}

package alternate_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/internal/alternate"
	"github.com/fairlead/fairlead/internal/wire"
)

const patience = 10 * time.Second

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
			b := make([]byte, wire.HeaderSize)
			if _, err := io.ReadFull(conn, b); err == nil {
				conn.Write(reply(b))
			}
			conn.Close()
		}
	}()
	return alternate.Server{Address: listener.Addr().(*net.TCPAddr).AddrPort(), Transport: alternate.TCP}
}

// closed is an address where nobody is.
func closed(t *testing.T, transport alternate.Transport) alternate.Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return alternate.Server{Address: listener.Addr().(*net.TCPAddr).AddrPort(), Transport: transport}
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
	a, b := udpServer(t, "127.0.0.1:0", answer), udpServer(t, "127.0.0.1:0", answer)
	six, tcp := udpServer(t, "[::1]:0", answer), tcpServer(t, answer)
	dead := closed(t, alternate.UDP)
	log, logs := observer.New(zap.InfoLevel)
	c := alternate.New([]alternate.Server{dead, a, b, six}, zap.New(log))
	if addr, ok := c.Pick(alternate.UDP, true); ok {
		t.Errorf("got %s before any probe, want none", addr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	defer func() { cancel(); <-done }()

	await(t, "every server has a verdict", func() bool { return logs.Len() == 4 })
	seen := make(map[netip.AddrPort]int)
	for range 100 {
		addr, _ := c.Pick(alternate.UDP, true)
		seen[addr]++
	}
	if seen[a.Address] < 20 || seen[b.Address] < 20 || len(seen) != 2 {
		t.Errorf("got picks %v, want %s and %s in turn", seen, a.Address, b.Address)
	}
	if got, ok := c.Pick(alternate.UDP, false); got != six.Address || !ok {
		t.Errorf("got %s, %v for IPv6, want %s", got, ok, six.Address)
	}
	if got, ok := c.Pick(alternate.TCP, true); ok {
		t.Errorf("got %s for TCP, want none", got)
	}
	if lines := logs.FilterMessageSnippet("does not answer").All(); len(lines) != 1 || !strings.Contains(lines[0].ContextMap()["server"].(string), dead.Address.String()) {
		t.Errorf("got lines %v, want one about %s", lines, dead.Address)
	}

	c.SetServers([]alternate.Server{a, tcp})
	if got, ok := c.Pick(alternate.UDP, true); got != a.Address || !ok {
		t.Errorf("got %s, %v after the list changed, want %s", got, ok, a.Address)
	}
	if got, ok := c.Pick(alternate.UDP, false); ok {
		t.Errorf("got %s, which is not in the list any more, want none", got)
	}
	await(t, "the new server is picked", func() bool {
		got, ok := c.Pick(alternate.TCP, true)
		return ok && got == tcp.Address
	})
}

//go:build e2e

package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// eachStream runs a test for a client on TCP and one on TLS.
func eachStream(t *testing.T, secure *tls.Config, f func(t *testing.T, secure *tls.Config)) {
	for name, cfg := range map[string]*tls.Config{"TCP": nil, "TLS": secure} {
		t.Run(name, func(t *testing.T) { f(t, cfg) })
	}
}

// TestStreamPieces sends a request and data in pieces of one byte, and then all
// in one: where one message ends has nothing to do with what is read at once.
func TestStreamPieces(t *testing.T) {
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) {
		c := newStreamClient(t, n.Clients, serverV4, secure)
		c.allocate(t, 0x4000, peer.Addr)
		indication, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			peerAddress(peer.Addr), stun.RawAttribute{Type: stun.AttrData, Value: []byte("indication")})
		if err != nil {
			t.Fatal(err)
		}
		refresh, err := c.credentials.build(stun.MethodRefresh, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(streamData(0x4000, []byte("odd")), streamData(0x4000, nil), indication.Raw, refresh.Raw, streamData(0x4000, []byte("last")))
		want := []string{"odd", "", "indication", "last"}
		check := func(how string) {
			t.Helper()
			if code := errorCode(c.await(t, refresh.TransactionID)); code != 0 {
				t.Errorf("%s: Refresh: got error %d, want success", how, code)
			}
			for _, text := range want {
				if got := c.receive(t); string(got.payload) != text {
					t.Errorf("%s: got %q back, want %q", how, got.payload, text)
				}
			}
		}
		for i := range all {
			c.write(t, all[i:i+1])
		}
		check("byte by byte")
		for cut := 1; cut < len(all); cut += 7 {
			c.write(t, all[:cut])
			c.write(t, all[cut:])
			check("in two")
		}
		const messages = 150 // which the peer's socket holds
		many := bytes.Repeat(streamData(0x4000, []byte("many")), messages)
		c.write(t, many[:len(many)-3])
		c.write(t, many[len(many)-3:])
		for i := range messages {
			if got := c.receive(t); string(got.payload) != "many" {
				t.Fatalf("message %d of a coalesced write: got %q back", i, got.payload)
			}
		}
	})
	s.check(t)
}

// TestLongestFrames sends messages of the longest lengths that their headers can
// announce. None fits a datagram, but what comes next is found.
func TestLongestFrames(t *testing.T) {
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) {
		c := newStreamClient(t, n.Clients, serverV4, secure)
		c.allocate(t, 0x4000, peer.Addr)
		for _, size := range []int{0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF} {
			c.write(t, streamData(0x4000, make([]byte, size)))
			c.write(t, streamData(0x4000, []byte("next")))
			if got := c.receive(t); string(got.payload) != "next" {
				t.Errorf("behind ChannelData of %#x bytes: got %d bytes back, want the next message", size, len(got.payload))
			}
		}
		longest := make([]byte, 20+0xFFFC)
		binary.BigEndian.PutUint16(longest, 0x0001) // a Binding request
		binary.BigEndian.PutUint16(longest[2:], 0xFFFC)
		binary.BigEndian.PutUint32(longest[4:], 0x2112A442)
		binary.BigEndian.PutUint16(longest[20:], 0x8022) // SOFTWARE, as long as it gets
		binary.BigEndian.PutUint16(longest[22:], 0xFFFC-4)
		c.write(t, longest)
		if code := errorCode(c.await(t, [12]byte{})); code != 0 {
			t.Errorf("the longest Binding request: got error %d, want success", code)
		}
		// The largest datagrams that do fit, both ways.
		for _, size := range []int{1, 1401, 65_503, 65_507} {
			payload := bytes.Repeat([]byte{byte(size)}, size)
			c.write(t, streamData(0x4000, payload))
			if got := c.receive(t); !bytes.Equal(got.payload, payload) {
				t.Errorf("datagram of %d bytes: got %d bytes back", size, len(got.payload))
			}
		}
	})
	s.check(t)
}

// TestStreamEndsItsAllocation ends connections in each way that there is. Each
// time the allocation goes with it.
func TestStreamEndsItsAllocation(t *testing.T) {
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	before := s.Usage(t).Descriptors
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) {
		for name, end := range map[string]func(c *streamClient) error{
			"close": func(c *streamClient) error { return c.conn.Close() },
			"reset": func(c *streamClient) error {
				return errors.Join(tcpOf(c.conn).SetLinger(0), tcpOf(c.conn).Close())
			},
			"no more to send": func(c *streamClient) error { return tcpOf(c.conn).CloseWrite() },
			"malformed": func(c *streamClient) error {
				_, err := c.conn.Write([]byte{0x80, 0, 0, 0})
				return err
			},
			"inside a message": func(c *streamClient) error {
				_, err := c.conn.Write(streamData(0x4000, make([]byte, 100))[:50])
				return errors.Join(err, c.conn.Close())
			},
		} {
			t.Run(name, func(t *testing.T) {
				c := newStreamClient(t, n.Clients, serverV4, secure)
				c.allocate(t, 0x4000, peer.Addr)
				if got := s.metric(t, "fairlead_allocations"); got != 1 {
					t.Fatalf("got %v allocations, want 1", got)
				}
				if err := end(c); err != nil {
					t.Fatal(err)
				}
				testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "the allocation has ended")
				testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_streams") == 0 }, "the connection is forgotten")
			})
		}
	})
	testnet.Await(t, patience, func() bool { return s.Usage(t).Descriptors <= before }, "all descriptors are closed")
	s.check(t)
}

// TestStrangers sends what clients without credentials may try. They are cut in
// time, and whoever comes next is served.
func TestStrangers(t *testing.T) {
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig(),
		"STREAMS_HANDSHAKE_TIMEOUT=3s", "STREAMS_AUTHENTICATION_TIMEOUT=4s", "STREAMS_UNAUTHENTICATED_BYTES=4096",
		"STREAMS_MAX_UNAUTHENTICATED=200", "STREAMS_MAX_UNAUTHENTICATED_PER_CLIENT=50")
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	binding, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		sent   []byte
		reason string
	}{
		"half of a message":                    {binding.Raw[:10], "authentication_timeout"},
		"a message too long to end":            {[]byte{0x40, 0x00, 0xFF, 0xFF, 1, 2, 3}, "authentication_timeout"},
		"requests without end":                 {bytes.Repeat(binding.Raw, 1000), "unauthenticated_bytes"},
		"data without end":                     {bytes.Repeat(streamData(0x4000, make([]byte, 100)), 1000), "unauthenticated_bytes"},
		"HTTP":                                 {[]byte("GET / HTTP/1.1\r\nHost: turn.test\r\n\r\n"), "authentication_timeout"},
		"neither STUN nor data":                {[]byte{0x80, 0x01, 0x00, 0x00}, "malformed"},
		"a length that is no multiple of four": {slices.Concat([]byte{0x00, 0x01, 0x00, 0x03}, binding.Raw[4:]), "malformed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := s.metric(t, "fairlead_streams_closed_total", `reason="`+tt.reason+`"`)
			c := newStreamClient(t, n.Clients, serverV4, nil)
			_, _ = c.conn.Write(tt.sent) // it may be cut meanwhile
			if !c.isClosed(patience) {
				t.Fatal("the connection is still open")
			}
			testnet.Await(t, patience, func() bool {
				return s.metric(t, "fairlead_streams_closed_total", `reason="`+tt.reason+`"`) == before+1
			}, "the end is counted as %s", tt.reason)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		if c := newStreamClient(t, n.Clients, serverV4, nil); !c.isClosed(patience) {
			t.Error("the connection is still open")
		}
	})
	t.Run("half of a handshake", func(t *testing.T) {
		c := newStreamClient(t, n.Clients, serverV4, nil)
		c.write(t, []byte{22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3})
		if !c.isClosed(patience) {
			t.Error("the connection is still open")
		}
	})
	t.Run("more than one client may have", func(t *testing.T) {
		for range 300 {
			if conn, err := n.Clients.DialContext(t.Context(), "tcp", serverV6.String()); err == nil {
				defer conn.Close()
			}
		}
		if got := s.metric(t, "fairlead_streams_unauthenticated"); got > 50 {
			t.Errorf("got %v connections of strangers from one address, want 50 at most", got)
		}
		// Another address is not affected.
		c := newStreamClient(t, n.Clients, serverV4, secure)
		c.allocate(t, 0x4000, peer.Addr)
	})
	s.check(t)
}

// TestStreamThatStopsReading floods a client that reads nothing, beside one that
// does. The first loses datagrams, which are counted, and the second none.
func TestStreamThatStopsReading(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Workers = 1
	s, secure := startStreamServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) {
		before := s.metric(t, "fairlead_dropped_packets_total", `reason="client_backlog"`)
		resident := s.Usage(t).ResidentBytes
		reader := newStreamClient(t, n.Clients, serverV4, secure)
		reader.allocate(t, 0x4000, peer.Addr)
		source := n.Peers.ListenUDP(t, netip.AddrPortFrom(testnet.PeerV4, 0))
		sleeper := newStreamClient(t, n.Clients, serverV4, secure)
		if err := tcpOf(sleeper.conn).SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		sleeper.allocate(t, 0x4000, source.LocalAddr().(*net.UDPAddr).AddrPort())
		datagram := make([]byte, 1400)
		for i := 0; s.metric(t, "fairlead_dropped_packets_total", `reason="client_backlog"`) < before+1000; i++ {
			if i == 1000 {
				t.Fatal("nothing was dropped for a client that does not read")
			}
			for range 100 {
				if _, err := source.WriteTo(datagram, net.UDPAddrFromAddrPort(sleeper.relayed)); err != nil {
					t.Fatal(err)
				}
			}
			payload := binary.BigEndian.AppendUint32(nil, uint32(i))
			reader.write(t, streamData(0x4000, payload))
			if got := reader.receive(t); !bytes.Equal(got.payload, payload) {
				t.Fatalf("the client beside it: got % x back, want % x", got.payload, payload)
			}
		}
		if grown := s.Usage(t).ResidentBytes - resident; grown > 16<<20 {
			t.Errorf("resident memory grew by %d bytes for one client that does not read", grown)
		}
		// It is not lost: once it reads it gets what came last, in whole messages.
		last := bytes.Repeat([]byte{0xEE}, 1400)
		if _, err := source.WriteTo(last, net.UDPAddrFromAddrPort(sleeper.relayed)); err != nil {
			t.Fatal(err)
		}
		for got := 0; ; got++ {
			if got > 20_000 {
				t.Fatal("the last datagram did not come")
			}
			if data := sleeper.receive(t); bytes.Equal(data.payload, last) {
				break
			} else if !bytes.Equal(data.payload, datagram) {
				t.Fatalf("datagram %d: got %d other bytes", got, len(data.payload))
			}
		}
		if code := errorCode(sleeper.ask(t, stun.MethodRefresh)); code != 0 {
			t.Errorf("Refresh after all: got error %d, want success", code)
		}
	})
	s.check(t)
}

// TestStreamThatDoesNotReadAnswers sends requests without end and reads nothing,
// until the server does not read either. Then it reads, and every request has
// its answer.
func TestStreamThatDoesNotReadAnswers(t *testing.T) {
	n := testnet.New(t)
	s, _ := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	c := newStreamClient(t, n.Clients, serverV4, nil)
	if err := tcpOf(c.conn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	c.allocate(t, 0x4000, peer.Addr)
	binding, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	resident := s.Usage(t).ResidentBytes
	requests := bytes.Repeat(binding.Raw, 1000)
	const enough = 256 << 20
	written := 0
	for err == nil {
		if written > enough {
			t.Fatalf("the server has read %d bytes of requests without having its answers read", written)
		}
		if err := c.conn.SetWriteDeadline(time.Now().Add(silence)); err != nil {
			t.Fatal(err)
		}
		var m int
		m, err = c.conn.Write(requests[written%len(requests):])
		written += m
	}
	if grown := s.Usage(t).ResidentBytes - resident; grown > 16<<20 {
		t.Errorf("resident memory grew by %d bytes for answers that nobody reads", grown)
	}
	want := (written + len(binding.Raw) - 1) / len(binding.Raw)
	rest := requests[written%len(requests):][:want*len(binding.Raw)-written]
	sent := make(chan error, 1)
	if err := c.conn.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := c.conn.Write(rest)
		sent <- err
	}()
	for got := range want {
		if message, _, err := c.read(patience); err != nil || message == nil || message.TransactionID != binding.TransactionID {
			t.Fatalf("answer %d of %d: got %v (error %v)", got, want, message, err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	s.check(t)
}

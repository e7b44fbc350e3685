package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// dtlsSizes are payloads that the library of the clients can receive.
var dtlsSizes = []int{0, 1, 2, 3, 4, 5, 160, 1200, 1401, 7000}

// movable is a client's socket that can be exchanged for another one.
type movable struct {
	net.PacketConn
	t  *testing.T
	ip net.IP

	mu    sync.Mutex
	conns []net.PacketConn // all there were; guarded by mu
	in    chan []byte
	done  chan struct{}
	peer  net.Addr
}

func newMovable(t *testing.T, server netip.AddrPort) *movable {
	t.Helper()
	m := &movable{
		t: t, ip: server.Addr().AsSlice(), in: make(chan []byte, 1000), done: make(chan struct{}),
		peer: net.UDPAddrFromAddrPort(server),
	}
	m.move()
	t.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, c := range m.conns {
			c.Close()
		}
	})
	return m
}

// move goes on from another port. What comes to the old ones still counts.
func (m *movable) move() {
	m.t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: m.ip})
	if err != nil {
		m.t.Fatal(err)
	}
	m.mu.Lock()
	m.PacketConn = conn
	m.conns = append(m.conns, conn)
	m.mu.Unlock()
	go func() {
		b := make([]byte, 65536)
		for {
			n, _, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			select {
			case m.in <- append([]byte(nil), b[:n]...):
			case <-m.done:
				return
			}
		}
	}()
}

func (m *movable) current() net.PacketConn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.PacketConn
}

func (m *movable) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-m.in:
		return copy(b, d), m.peer, nil
	case <-m.done:
		return 0, nil, net.ErrClosed
	}
}

func (m *movable) WriteTo(b []byte, to net.Addr) (int, error) { return m.current().WriteTo(b, to) }
func (m *movable) LocalAddr() net.Addr                        { return m.current().LocalAddr() }
func (m *movable) SetReadDeadline(at time.Time) error {
	if !at.IsZero() {
		m.stop()
	}
	return nil
}
func (m *movable) SetWriteDeadline(time.Time) error { return nil }

func (m *movable) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.done:
	default:
		close(m.done)
	}
}

func (m *movable) Close() error {
	m.stop()
	return nil
}

// udpAddr is an address of UDP.
func udpAddr(addr net.Addr) netip.AddrPort { return addr.(*net.UDPAddr).AddrPort() }

// dialDTLS is dial by DTLS, on a socket of its own.
func dialDTLS(t *testing.T, server netip.AddrPort, cfg *tls.Config, username, password string) *client {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(server.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return dialDTLSOn(t, conn, server, cfg, username, password)
}

func dialDTLSOn(t *testing.T, conn net.PacketConn, server netip.AddrPort, cfg *tls.Config, username, password string, options ...pion.ClientOption) *client {
	t.Helper()
	options = append(options, pion.WithRootCAs(cfg.RootCAs), pion.WithServerName(cfg.ServerName))
	secure, err := pion.ClientWithOptions(conn, net.UDPAddrFromAddrPort(server), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { secure.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: secure, server: server, username: username, password: password}
}

// takesDTLS makes a server one of DTLS on the port of UDP.
func takesDTLS(cfg *tls.Config) func(*options) {
	return func(o *options) { o.dtls.TLS = cfg }
}

// One port takes plain UDP and DTLS, whose clients have what those of UDP have,
// whichever worker they belong to.
func TestOnePortTakesPlainAndDTLS(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(listen, func(t *testing.T) {
			f := start(t, takesDTLS(serverTLS), func(o *options) { o.listen, o.workers = listen, 4 })
			family := byte(1)
			if f.addr.Addr().Is6() {
				family = 2
			}
			plain := dial(t, f.addr, "bob", "builder")
			plainRelayed := plain.allocate(requestedFamily(family))
			for i := range 8 {
				cl := dialDTLS(t, f.addr, clientTLS, "alice", "wonderland")
				answer := cl.do(stun.MethodAllocate, requestedTransport(17), requestedFamily(family))
				cl.wantCode(answer, 0)
				if got := xorAddr(t, answer, stun.AttrXORMappedAddress); got != cl.addr() {
					t.Errorf("client %d: got mapped address %s, want %s", i, got, cl.addr())
				}
				relaySizes(t, f, cl, xorAddr(t, answer, stun.AttrXORRelayedAddress), dtlsSizes...)
			}
			relaySizes(t, f, plain, plainRelayed, dtlsSizes...)
			var open uint64 // as of the rounds that have ended
			for _, w := range f.engine.Workers() {
				open += w.Stats().StreamsDTLS
			}
			if got := f.engine.DTLSStats(); open != 8 || got.Completed != 8 || got.Failed != 0 || got.Unauthenticated != 0 {
				t.Errorf("got %d associations and %+v, want 8 of each kind", open, got)
			}
		})
	}
}

// The allocation of a DTLS client ends with close_notify, and all it held with it.
func TestAllocationEndsWithItsAssociation(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f := start(t, takesDTLS(serverTLS))
	cl := dialDTLS(t, f.addr, clientTLS, "alice", "wonderland")
	cl.allocate()
	if got := f.server.Stats().Quota.Live; got != 1 {
		t.Fatalf("got %d allocations, want 1", got)
	}
	cl.conn.Close()
	deadline := time.Now().Add(answerTimeout)
	for f.server.Stats().Ended["disconnected"] == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if got := f.server.Stats().Ended["disconnected"]; got != 1 {
		t.Errorf("got %d allocations ended by their association, want 1", got)
	}
	f.wantNothingHeld(t)
	f.wantClosed(t, fastpath.CloseClient, 1)
}

// wantClosed waits until so many streams were closed for a reason.
func (f *fixture) wantClosed(t *testing.T, reason fastpath.CloseReason, want uint64) {
	t.Helper()
	var got uint64
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = 0
		for _, w := range f.engine.Workers() {
			got += w.Stats().StreamsClosed[reason]
		}
		if got == want {
			return
		}
	}
	t.Errorf("got %d streams closed as %s, want %d", got, reason, want)
}

// A client with a connection ID goes on from other ports, which belong to other
// workers. Its allocation stays, and what is for it follows.
func TestClientOfDTLSMoves(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for name, generator := range map[string]func() []byte{
		"ID to server": pion.OnlySendCIDGenerator(), "IDs both ways": pion.RandomCIDGenerator(7),
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, takesDTLS(serverTLS), func(o *options) { o.workers = 4 })
			socket := newMovable(t, f.addr)
			cl := dialDTLSOn(t, socket, f.addr, clientTLS, "alice", "wonderland", pion.WithConnectionIDGenerator(generator))
			relayed := cl.allocate()
			for range 8 {
				relaySizes(t, f, cl, relayed, 100, 1200)
				socket.move()
				cl.wantCode(cl.do(stun.MethodRefresh, lifetime(600)), 0)
				binding := cl.roundTrip(message(stun.MethodBinding))
				if got, want := xorAddr(t, binding, stun.AttrXORMappedAddress), udpAddr(socket.LocalAddr()); got != want {
					t.Errorf("got mapped address %s, want %s", got, want)
				}
			}
			relaySizes(t, f, cl, relayed, 100, 1200)
			var moves, open uint64
			for _, w := range f.engine.Workers() {
				moves += w.Stats().Moves
				open += w.Stats().StreamsDTLS
			}
			if moves != 8 || open != 1 {
				t.Errorf("got %d moves of %d associations, want 8 of 1", moves, open)
			}
		})
	}
}

// A server that stops says goodbye.
func TestGoodbyeOfDTLS(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var cl *client
	t.Run("server", func(t *testing.T) {
		f := start(t, takesDTLS(serverTLS))
		secure, err := pion.ClientWithOptions(conn, net.UDPAddrFromAddrPort(f.addr),
			pion.WithRootCAs(clientTLS.RootCAs), pion.WithServerName(clientTLS.ServerName))
		if err != nil {
			t.Fatal(err)
		}
		cl = &client{t: t, conn: secure, server: f.addr, username: "alice", password: "wonderland"}
		cl.allocate()
	})
	defer cl.conn.Close()
	cl.conn.SetReadDeadline(time.Now().Add(answerTimeout))
	if n, err := cl.conn.Read(make([]byte, 100)); !errors.Is(err, io.EOF) {
		t.Errorf("got %d bytes and error %v, want the end", n, err)
	}
}

// A client that does not authenticate, or has no allocation, is closed in time.
func TestAssociationsEndInTime(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for _, test := range []struct {
		name   string
		change func(*fastpath.StreamLimits)
		do     func(cl *client)
		reason fastpath.CloseReason
	}{
		{"silent", func(l *fastpath.StreamLimits) { l.AuthenticationTimeout = 10 * time.Millisecond }, func(*client) {}, fastpath.CloseTimeout},
		{"talkative", func(l *fastpath.StreamLimits) { l.UnauthenticatedBytes = 1000 }, func(cl *client) {
			for range 100 {
				cl.send(message(stun.MethodBinding).Raw)
			}
		}, fastpath.CloseBytes},
		{"without allocation", func(l *fastpath.StreamLimits) { l.IdleTimeout = 10 * time.Millisecond }, func(cl *client) {
			cl.allocate()
			cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
		}, fastpath.CloseIdle},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, takesDTLS(serverTLS), func(o *options) { test.change(&o.limits) })
			cl := dialDTLS(t, f.addr, clientTLS, "alice", "wonderland")
			test.do(cl)
			f.wantClosed(t, test.reason, 1)
			// The client hears of it.
			cl.conn.SetReadDeadline(time.Now().Add(answerTimeout))
			for b := make([]byte, 8192); ; {
				if _, err := cl.conn.Read(b); err != nil {
					if ne, ok := err.(net.Error); ok && ne.Timeout() {
						t.Error("the client hears nothing of the end")
					}
					break
				}
			}
		})
	}
}

// Data that arrives in one batch with the request that makes it possible is not
// lost.
func TestDataBehindItsRequest(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f := start(t, takesDTLS(serverTLS), func(o *options) { o.workers = 1 })
	cl := dialDTLS(t, f.addr, clientTLS, "alice", "wonderland")
	cl.allocate()
	for i := range 50 {
		number := uint16(0x4000 + i)
		payload := fmt.Appendf(nil, "datagram %d", i)
		entered, release := make(chan struct{}), make(chan struct{})
		if err := f.engine.Workers()[0].Post(func(*fastpath.Worker) { close(entered); <-release }); err != nil {
			t.Fatal(err)
		}
		<-entered
		peerConn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(f.peer.Addr(), 0)))
		if err != nil {
			t.Fatal(err)
		}
		defer peerConn.Close() // at the end: its port has a channel
		request := cl.signed(stun.MethodChannelBind, channelNumber(number), peer(peerConn.LocalAddr().(*net.UDPAddr).AddrPort()))
		cl.send(request.Raw)
		cl.send(channelData(number, payload))
		close(release)
		cl.wantCode(cl.receive(), 0)
		peerConn.SetReadDeadline(time.Now().Add(answerTimeout))
		b := make([]byte, 100)
		n, err := peerConn.Read(b)
		if err != nil || string(b[:n]) != string(payload) {
			t.Fatalf("channel %#x: got %q (error %v), want %q", number, b[:n], err, payload)
		}
	}
}

// TCP allocations are not for clients of DTLS (RFC 7350 section 4.6).
func TestNoTCPByDTLS(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f := startTCPRelay(t, takesDTLS(serverTLS))
	cl := dialDTLS(t, f.addr, clientTLS, "alice", "wonderland")
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(6)), 400)
	cl.wantCode(cl.do(stun.MethodConnectionBind, connectionID(1)), 400)
	relaySizes(t, f, cl, cl.allocate(), 100)
}

// The server name that a client of DTLS asks for chooses its realm.
func TestRealmByNameOverDTLS(t *testing.T) {
	serverTLS, _ := selfSigned(t)
	f := start(t, takesDTLS(serverTLS), func(o *options) {
		o.settings.Realms = []server.Realm{{
			Authenticator: authenticator(t, authn.Config{Realm: "example.net", Users: []authn.User{{Name: "alice", Password: "looking glass"}}}),
			ServerNames:   []string{"turn.example.net"},
		}}
	})
	for name, realm := range map[string]string{"Turn.Example.net": "example.net", "turn.example.org": "example.org"} {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		cl := dialDTLSOn(t, conn, f.addr, &tls.Config{ServerName: name}, "alice", "looking glass", pion.WithInsecureSkipVerify(true))
		if cl.challenge(); cl.realm != realm {
			t.Errorf("%s: got realm %q, want %q", name, cl.realm, realm)
		}
	}
}

package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// crook is the address of a client that tests deny, honest that of one that they do
// not; every client without a word about it is at 127.0.0.1.
var (
	crook  = netip.MustParseAddr("127.0.66.6")
	honest = netip.MustParseAddr("127.0.1.1")
)

// startGated runs a server with a gate whose list of bans is empty.
func startGated(t *testing.T, change ...func(*options)) (*fixture, *access.Bans) {
	t.Helper()
	bans, err := access.OpenBans(nil)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, append([]func(*options){func(o *options) { o.clients = access.NewGate(bans) }}, change...)...), bans
}

// deny denies the crooks, as a reload does.
func (f *fixture) deny(t *testing.T, prefixes ...string) {
	t.Helper()
	var lists access.Lists
	for _, text := range prefixes {
		lists.Deny = append(lists.Deny, netip.MustParsePrefix(text))
	}
	f.options.clients.SetLists(lists)
	f.apply(t, func(*options) {})
}

// ban bans the crooks, as the admin API does.
func (f *fixture) ban(t *testing.T, bans *access.Bans, prefix string) {
	t.Helper()
	if err := bans.Add(access.Ban{Prefix: netip.MustParsePrefix(prefix), Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	if err := f.server.EndDenied(ctx, f.engine.Workers()); err != nil {
		t.Fatal(err)
	}
}

// dialFrom is dial from an address of loopback.
func dialFrom(t *testing.T, from netip.Addr, server netip.AddrPort, username, password string) *client {
	t.Helper()
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: conn, server: server, username: username, password: password}
}

// connectFrom connects by TCP from an address of loopback.
func connectFrom(t *testing.T, from netip.Addr, server netip.AddrPort) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}}
	conn, err := dialer.Dial("tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// dialTCPFrom is dialTCP from an address of loopback.
func dialTCPFrom(t *testing.T, from netip.Addr, server netip.AddrPort, cfg *tls.Config, username, password string) *client {
	t.Helper()
	conn := connectFrom(t, from, server)
	if cfg != nil {
		secure := tls.Client(conn, cfg)
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		conn = secure
	}
	return &client{t: t, conn: framed{conn, bufio.NewReader(conn)}, server: server, username: username, password: password}
}

// wantTurnedAway waits until so many messages are counted for a verdict.
func (f *fixture) wantTurnedAway(t *testing.T, verdict access.Verdict, want uint64) {
	t.Helper()
	got := func() uint64 { return f.server.Stats().TurnedAway[verdict.String()] }
	for deadline := time.Now().Add(answerTimeout); got() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d messages turned away as %s, want %d", got(), verdict, want)
		}
	}
}

// wantNothing checks that no datagram is there for a client once its workers have
// finished what they were at.
func (f *fixture) wantNothing(t *testing.T, cl *client) {
	t.Helper()
	f.onWorkers(t, func(int, *fastpath.Worker) {})
	cl.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := cl.conn.Read(make([]byte, 2048)); !isTimeout(err) {
		t.Errorf("got %d bytes, %v, want nothing", n, err)
	}
}

// What a denied client sends by UDP gets no answer, whatever it is; others notice
// nothing. A ban does the same under its own name, until it is lifted.
func TestDeniedClientGetsNothing(t *testing.T) {
	f, bans := startGated(t)
	f.deny(t, "127.0.66.0/24")
	cl := dialFrom(t, crook, f.addr, "alice", "wonderland")
	var sent uint64
	everything := func() {
		for _, b := range [][]byte{
			message(stun.MethodBinding).Raw,
			message(stun.MethodAllocate, requestedTransport(17)).Raw,
			message(stun.MethodRefresh).Raw,
			message(stun.MethodBinding, raw(0x7FF0)).Raw,
			stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw,
		} {
			cl.send(b)
			sent++
		}
	}
	everything()
	f.wantTurnedAway(t, access.Denied, sent)
	f.wantNothing(t, cl)
	dialFrom(t, honest, f.addr, "alice", "wonderland").allocate()

	f.deny(t)
	cl.allocate()
	f.ban(t, bans, "127.0.66.6/32")
	sent = 0
	everything()
	f.wantTurnedAway(t, access.Banned, sent)
	f.wantNothing(t, cl)
	if stats := f.server.Stats(); stats.Ended["denied"] != 1 || stats.Ignored != 0 || stats.Errors["Binding"]["420"] != 0 {
		t.Errorf("got %+v, want one allocation ended, and nothing else counted", stats)
	}
	if _, err := bans.Lift(bans.List()[0].ID()); err != nil {
		t.Fatal(err)
	}
	cl.allocate()
}

// Only those whom the list of the allowed names are served, in either form of their
// addresses.
func TestAllowedClients(t *testing.T) {
	f, _ := startGated(t, func(o *options) { o.listen = "[::1]:0" })
	f.options.clients.SetLists(access.Lists{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.send(message(stun.MethodBinding).Raw)
	f.wantTurnedAway(t, access.Denied, 1)
	f.options.clients.SetLists(access.Lists{Allow: []netip.Prefix{netip.MustParsePrefix("::/64")}})
	cl.allocate(requestedFamily(2))
}

// A ban ends what relays already, within the call, and nothing of others.
func TestBanEndsLiveAllocations(t *testing.T) {
	f, bans := startGated(t)
	bad, good := dialFrom(t, crook, f.addr, "alice", "wonderland"), dialFrom(t, honest, f.addr, "bob", "builder")
	var relayed [2]netip.AddrPort
	for i, cl := range []*client{bad, good} {
		relayed[i] = cl.allocate()
		cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
		f.toPeer(t, cl, 0x4001, relayed[i])
		f.toClient(t, cl, 0x4001, relayed[i])
	}
	f.ban(t, bans, "127.0.66.0/24")
	if stats := f.server.Stats(); stats.Ended["denied"] != 1 || stats.Quota.Live != 1 {
		t.Errorf("got %v ended, %d live, want one of each", stats.Ended, stats.Quota.Live)
	}
	bad.send(channelData(0x4001, []byte("late")))
	f.wantDrops(t, fastpath.DropNoChannel, 1)
	f.sendToRelay(t, relayed[0], []byte("late"))
	f.wantNothing(t, bad)
	f.toPeer(t, good, 0x4001, relayed[1])
	f.toClient(t, good, 0x4001, relayed[1])
}

// More allocations than are looked at in one stride.
func TestBanEndsEveryAllocation(t *testing.T) {
	f, bans := startGated(t)
	const each = 150
	for range each {
		dialFrom(t, crook, f.addr, "alice", "wonderland").allocate()
		dialFrom(t, honest, f.addr, "bob", "builder").allocate()
	}
	f.ban(t, bans, "127.0.66.0/24")
	if stats := f.server.Stats(); stats.Ended["denied"] != each || stats.Quota.Live != each {
		t.Errorf("got %v ended, %d live, want %d of each", stats.Ended, stats.Quota.Live, each)
	}
}

// Connections of denied clients are closed at once, those that are there when the
// list changes, too, with what they relay.
func TestDeniedConnections(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for name, cfg := range map[string]*tls.Config{"TCP": nil, "TLS": clientTLS} {
		t.Run(name, func(t *testing.T) {
			f, bans := startGated(t, func(o *options) { o.takesTCP, o.streams.TLS = true, serverTLS })
			bad, good := dialTCPFrom(t, crook, f.addr, cfg, "alice", "wonderland"), dialTCPFrom(t, honest, f.addr, cfg, "bob", "builder")
			idle := dialTCPFrom(t, crook, f.addr, cfg, "alice", "wonderland")
			bind(idle)
			bad.allocate()
			relayed := good.allocate()
			f.deny(t, "127.0.66.6/32")
			wantClosed(t, bad.conn.(framed).Conn)
			wantClosed(t, idle.conn.(framed).Conn)
			f.wantClosed(t, fastpath.CloseDenied, 2)
			if got := f.server.Stats().Ended; got["denied"] != 1 || got["disconnected"] != 0 {
				t.Errorf("got %v ended, want one as denied", got)
			}
			relaySizes(t, f, good, relayed, 160, 1200)

			wantClosed(t, connectFrom(t, crook, f.addr))
			f.deny(t)
			f.ban(t, bans, "127.0.66.6/32")
			wantClosed(t, connectFrom(t, crook, f.addr))
			wantStreams(t, f, func(s relay.StreamStats) bool { return s.Denied == 1 && s.Banned == 1 && s.Unauthenticated == 0 })
		})
	}
}

// A request by a connection that the gate has not caught closes it.
func TestRequestOfDeniedConnection(t *testing.T) {
	f, _ := startGated(t, func(o *options) { o.takesTCP = true })
	cl := dialTCPFrom(t, crook, f.addr, nil, "alice", "wonderland")
	bind(cl)
	f.options.clients.SetLists(access.Lists{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.66.0/24")}}) // and no reload
	cl.send(message(stun.MethodBinding).Raw)
	wantClosed(t, cl.conn.(framed).Conn)
	f.wantClosed(t, fastpath.CloseDenied, 1)
	f.wantTurnedAway(t, access.Denied, 1)
}

// Strangers that are denied get no cookie of DTLS, and associations end.
func TestDeniedDTLS(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f, bans := startGated(t, takesDTLS(serverTLS))
	socket := func(from netip.Addr) net.PacketConn {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	bad := dialDTLSOn(t, socket(crook), f.addr, clientTLS, "alice", "wonderland")
	good := dialDTLSOn(t, socket(honest), f.addr, clientTLS, "bob", "builder")
	bad.allocate()
	relayed := good.allocate()
	f.ban(t, bans, "127.0.66.0/24")
	wantClosed(t, bad.conn)
	f.wantClosed(t, fastpath.CloseDenied, 1)
	if got := f.server.Stats().Ended; got["denied"] != 1 || got["disconnected"] != 0 {
		t.Errorf("got %v ended, want one as denied", got)
	}
	relaySizes(t, f, good, relayed, 160, 1200)

	for _, test := range []struct {
		reason fastpath.DropReason
		before func()
	}{
		{fastpath.DropClientBanned, func() {}},
		{fastpath.DropClientDenied, func() { f.deny(t, "127.0.66.0/24") }},
	} {
		test.before()
		cookies := f.total(func(s fastpath.Stats) uint64 { return s.HelloVerifies })
		secure, err := pion.ClientWithOptions(socket(crook), net.UDPAddrFromAddrPort(f.addr), pion.WithRootCAs(clientTLS.RootCAs), pion.WithServerName(clientTLS.ServerName))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- secure.HandshakeContext(ctx) }()
		for deadline := time.Now().Add(answerTimeout); f.total(func(s fastpath.Stats) uint64 { return s.Drops[test.reason] }) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: no ClientHello was dropped", test.reason)
			}
		}
		cancel()
		if err := <-done; err == nil {
			t.Errorf("%s: the handshake succeeded", test.reason)
		}
		secure.Close()
		if got := f.total(func(s fastpath.Stats) uint64 { return s.HelloVerifies }); got != cookies {
			t.Errorf("%s: got %d cookies sent, want none", test.reason, got-cookies)
		}
	}
}

// total adds up a counter of all workers.
func (f *fixture) total(of func(fastpath.Stats) uint64) (sum uint64) {
	for _, w := range f.engine.Workers() {
		sum += of(w.Stats())
	}
	return sum
}

// A client of DTLS that goes on from a denied address is not followed there; when the
// address that it went on from is banned later, it is over.
func TestClientOfDTLSMovesToDeniedAddress(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	f, bans := startGated(t, takesDTLS(serverTLS))
	f.deny(t, "127.0.66.0/24")
	socket := newMovable(t, f.addr)
	cl := dialDTLSOn(t, socket, f.addr, clientTLS, "alice", "wonderland", pion.WithConnectionIDGenerator(pion.OnlySendCIDGenerator()))
	relayed := cl.allocate()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	f.toPeer(t, cl, 0x4001, relayed)

	socket.ip = crook.AsSlice()
	socket.move()
	cl.send(channelData(0x4001, []byte("from elsewhere")))
	f.wantDrops(t, fastpath.DropClientDenied, 1)
	f.toClient(t, cl, 0x4001, relayed) // at the address that it had
	if got := f.total(func(s fastpath.Stats) uint64 { return s.Moves }); got != 0 {
		t.Errorf("got %d moves, want none", got)
	}

	socket.ip = net.IPv4(127, 0, 77, 7)
	socket.move()
	f.toPeer(t, cl, 0x4001, relayed)
	f.toClient(t, cl, 0x4001, relayed)
	f.ban(t, bans, "127.0.77.0/24")
	f.wantClosed(t, fastpath.CloseDenied, 1)
	if got := f.server.Stats().Ended; got["denied"] != 1 || got["disconnected"] != 0 {
		t.Errorf("got %v ended, want one as denied", got)
	}
}

// Behind proxies the client that the header names is judged, not the proxy.
func TestDeniedClientBehindProxy(t *testing.T) {
	f, bans := startGated(t, proxiesOnLoopback)
	f.deny(t, "198.51.100.0/24")
	wantClosed(t, behindProxy(t, f, header2(t, "198.51.100.7:40000"), nil).conn.(framed).Conn)
	wantClosed(t, behindProxy(t, f, "PROXY TCP4 198.51.100.8 192.0.2.1 40000 443\r\n", nil).conn.(framed).Conn)
	wantClosed(t, behindProxy(t, f, "PROXY TCP6 ::ffff:198.51.100.9 2001:db8::1 40000 443\r\n", nil).conn.(framed).Conn)
	good := behindProxy(t, f, header2(t, "203.0.113.7:40000"), nil)
	relayed := good.allocate()
	bad := behindProxy(t, f, header2(t, "203.0.113.8:40000"), nil)
	bad.allocate()
	f.ban(t, bans, "203.0.113.8/32")
	wantClosed(t, bad.conn.(framed).Conn)
	wantClosed(t, behindProxy(t, f, header2(t, "203.0.113.8:40001"), nil).conn.(framed).Conn)
	relaySizes(t, f, good, relayed, 160)
	wantStreams(t, f, func(s relay.StreamStats) bool {
		return s.Denied == 3 && s.Banned == 1 && s.FailedProxyHeaders == 0 && s.Unauthenticated == 0
	})
	// The proxy itself where it speaks for itself.
	f.deny(t, "127.0.0.0/8")
	wantClosed(t, behindProxy(t, f, "PROXY UNKNOWN\r\n", nil).conn.(framed).Conn)
	relaySizes(t, f, good, relayed, 160)
}

func TestDeniedClientBehindDatagramProxy(t *testing.T) {
	f, bans := startGated(t, func(o *options) {
		o.workers, o.datagramProxies = 1, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	b := startBalancer(t, f.addr)
	bad, good := dialFrom(t, crook, b.addr(), "alice", "wonderland"), dialFrom(t, honest, b.addr(), "bob", "builder")
	bad.allocate()
	good.allocate()
	f.ban(t, bans, "127.0.66.0/24")
	f.deny(t, "127.0.0.1/32") // the proxy, which is not judged
	bad.send(message(stun.MethodBinding).Raw)
	f.wantTurnedAway(t, access.Banned, 1)
	good.wantCode(good.do(stun.MethodRefresh), 0)
	if got := f.server.Stats(); got.Ended["denied"] != 1 || got.Quota.Live != 1 {
		t.Errorf("got %v ended, %d live, want one of each", got.Ended, got.Quota.Live)
	}
}

// A mobile allocation does not move to an address that is denied, before or after its
// client has resumed it there.
func TestMobileClientAtDeniedAddress(t *testing.T) {
	f, bans := startGated(t, withMobility)
	old := dialFrom(t, honest, f.addr, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := dialFrom(t, crook, f.addr, "alice", "wonderland")
	fresh.challenge()
	f.deny(t, "127.0.66.0/24")
	fresh.send(fresh.signed(stun.MethodRefresh, mobilityTicket(ticket)).Raw)
	f.wantTurnedAway(t, access.Denied, 1)
	f.deny(t)

	fresh.resume(ticket)
	f.ban(t, bans, "127.0.66.6/32")
	fresh.send(channelData(0x4001, []byte("from elsewhere")))
	f.wantDrops(t, fastpath.DropNoChannel, 1)
	f.toPeer(t, old, 0x4001, relayed)
	f.toClient(t, old, 0x4001, relayed)
	if got := f.server.Stats(); got.Moved != 0 || got.Quota.Live != 1 {
		t.Errorf("got %d moves, %d live, want none and one", got.Moved, got.Quota.Live)
	}
	f.ban(t, bans, "127.0.1.1/32")
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
	if got := f.server.Stats().Ended; got["denied"] != 1 {
		t.Errorf("got %v ended, want one as denied", got)
	}
}

// A mobile allocation outlives its connection, but not the ban of its client.
func TestBanEndsMobileAllocationOfConnection(t *testing.T) {
	f, bans := startGated(t, withMobility, func(o *options) { o.takesTCP = true })
	cl := dialTCPFrom(t, crook, f.addr, nil, "alice", "wonderland")
	cl.allocateMobile()
	f.ban(t, bans, "127.0.66.0/24")
	wantClosed(t, cl.conn.(framed).Conn)
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
}

// Data connections of TCP relaying end with the allocation.
func TestBanEndsTCPRelaying(t *testing.T) {
	f, bans := startGated(t, func(o *options) {
		o.takesTCP, o.tcpRelay = true, &tcprelay.Config{ConnectTimeout: answerTimeout, BindTimeout: time.Minute}
	})
	cl := dialTCPFrom(t, crook, f.addr, nil, "alice", "wonderland")
	cl.allocateTCP()
	l, at := listenPeer(t, f.addr.Addr())
	id := cl.connectTo(at)
	far := acceptPeer(t, l)
	d := dialTCPFrom(t, crook, f.addr, nil, "alice", "wonderland")
	d.realm, d.nonce = cl.realm, cl.nonce
	request := d.signed(stun.MethodConnectionBind, connectionID(id))
	d.send(request.Raw)
	data := d.bound(request)
	wantFlow(t, data.Conn, far, []byte("ahoy"))
	f.ban(t, bans, "127.0.66.0/24")
	wantOver(t, "the peer's connection", far)
	f.wantNothingHeld(t)
}

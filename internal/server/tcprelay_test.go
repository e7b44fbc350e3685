package server_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// Both directions, by TCP and TLS: a client connects to a peer and a peer to a client,
// with bytes of either side that are early, on connections that different workers get.
func TestTCPRelayBothWays(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		f := startTCPRelay(t, func(o *options) {
			o.listen, o.streams.TLS = listen, serverTLS
		})
		for name, cfg := range map[string]*tls.Config{"TCP": nil, "TLS": clientTLS} {
			t.Run(listen+" "+name, func(t *testing.T) {
				cl := dialTCP(t, f.addr, cfg, "alice", "wonderland")
				family := byte(1)
				if f.addr.Addr().Is6() {
					family = 2
				}
				relayed := cl.allocateTCP(requestedFamily(family))
				if relayed.Addr() != f.addr.Addr() {
					t.Errorf("got relayed transport address %s, want one on %s", relayed, f.addr.Addr())
				}
				l, at := listenPeer(t, f.addr.Addr())
				for i := range 8 { // connections of clients are spread over the workers
					id := cl.connectTo(at)
					conn := acceptPeer(t, l)
					if got := conn.RemoteAddr().String(); got != relayed.String() {
						t.Errorf("the peer sees %s, want the relayed transport address %s", got, relayed)
					}
					early := randomBytes(5000)
					if _, err := conn.Write(early); err != nil {
						t.Fatal(err)
					}
					behind := append(channelData(0x4000, []byte("not ChannelData")), randomBytes(i*3000)...)
					data := cl.bind(cfg, id, behind)
					wantNext(t, data, early)
					wantNext(t, conn, behind)
					wantFlow(t, data, conn, randomBytes(200_000))
					wantFlow(t, conn, data, randomBytes(200_000))
					data.Close()
					wantOver(t, "peer", conn)
					conn.Close()
					f.wantTCP(t, "the pair to be over", func(s tcprelay.Stats) bool { return s.Bound == 0 })
					l, at = listenPeer(t, f.addr.Addr()) // the old one rests for a while (TIME_WAIT)
				}
				cl.wantCode(cl.do(stun.MethodCreatePermission, peer(at)), 0)
				conn := dialPeer(t, relayed)
				if _, err := conn.Write([]byte("early")); err != nil {
					t.Fatal(err)
				}
				id, from := cl.attempted()
				if got := conn.LocalAddr().String(); from.String() != got {
					t.Errorf("got XOR-PEER-ADDRESS %s, want %s", from, got)
				}
				data := cl.bind(cfg, id, []byte("behind"))
				wantNext(t, data, []byte("early"))
				wantNext(t, conn, []byte("behind"))
				conn.Close()
				wantOver(t, "client", data)
				cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
			})
		}
		f.wantNothingHeld(t)
	}
}

// What section 5.1 of RFC 6062 refuses.
func TestTCPAllocateRefusals(t *testing.T) {
	f := startTCPRelay(t)
	transport := requestedTransport(6)
	for _, c := range []struct {
		name  string
		attrs []stun.Setter
		want  int
	}{
		{"DONT-FRAGMENT", []stun.Setter{transport, raw(stun.AttrDontFragment)}, 400},
		{"EVEN-PORT", []stun.Setter{transport, raw(stun.AttrEvenPort, 0)}, 400},
		{"EVEN-PORT with R", []stun.Setter{transport, raw(stun.AttrEvenPort, 0x80)}, 400},
		{"RESERVATION-TOKEN", []stun.Setter{transport, raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)}, 400},
		{"another protocol", []stun.Setter{requestedTransport(132)}, 442},
		{"unknown family", []stun.Setter{transport, requestedFamily(3)}, 440},
		{"both family attributes", []stun.Setter{transport, requestedFamily(1), additionalFamily(2)}, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
			cl.wantCode(cl.do(stun.MethodAllocate, c.attrs...), c.want)
		})
	}
	f.apply(t, func(o *options) { o.settings.Mobility = true })
	mobile := dialTCP(t, f.addr, nil, "alice", "wonderland")
	mobile.wantCode(mobile.do(stun.MethodAllocate, transport, raw(0x8030)), 405)
	udp := dial(t, f.addr, "alice", "wonderland")
	udp.wantCode(udp.do(stun.MethodAllocate, transport), 400)
	udp.allocate() // relaying by UDP goes on as it was

	serverTLS, clientTLS := selfSigned(t)
	secure := startTCPRelay(t, takesDTLS(serverTLS))
	datagrams := dialDTLS(t, secure.addr, clientTLS, "alice", "wonderland")
	datagrams.wantCode(datagrams.do(stun.MethodAllocate, transport), 400)
	datagrams.wantCode(datagrams.do(stun.MethodConnectionBind, connectionID(1)), 400)
	datagrams.wantCode(datagrams.do(stun.MethodConnect, peer(f.peer)), 437)

	off := start(t, func(o *options) { o.takesTCP = true })
	cl := dialTCP(t, off.addr, nil, "alice", "wonderland")
	cl.wantCode(cl.do(stun.MethodAllocate, transport), 403)
	cl.expectSilence(cl.signed(stun.MethodConnect, peer(f.peer)).Raw)
	cl.expectSilence(cl.signed(stun.MethodConnectionBind, connectionID(1)).Raw)
	udp.wantCode(udp.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
	off.wantNothingHeld(t)
}

// A TCP allocation has one family, and says so to a client that asks for both.
func TestTCPAllocationHasOneFamily(t *testing.T) {
	f := startTCPRelay(t)
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	answer := cl.do(stun.MethodAllocate, requestedTransport(6), additionalFamily(2))
	cl.wantCode(answer, 0)
	if got := xorAddr(t, answer, stun.AttrXORRelayedAddress); !got.Addr().Is4() {
		t.Errorf("got %s, want an IPv4 address", got)
	}
	if value, err := answer.Get(0x8001); err != nil || len(value) < 4 || value[0] != 2 || value[2] != 4 || value[3] != 40 {
		t.Errorf("got ADDRESS-ERROR-CODE % x, %v, want 440 for IPv6", value, err)
	}
	if text(answer, stun.AttrReservationToken) != "" {
		t.Error("got a RESERVATION-TOKEN, want none")
	}
}

// The same Allocate again gets the same answer, another one 437; a Refresh prolongs
// and a family that the allocation has not is refused.
func TestTCPAllocationIsAnAllocation(t *testing.T) {
	f := startTCPRelay(t)
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	request := cl.signed(stun.MethodAllocate, requestedTransport(6))
	first, again := cl.roundTrip(request), cl.roundTrip(request)
	cl.wantCode(first, 0)
	if string(first.Raw) != string(again.Raw) {
		t.Errorf("the same request again: got % x, want % x", again.Raw, first.Raw)
	}
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), 437)
	answer := cl.do(stun.MethodRefresh, lifetime(1200))
	cl.wantCode(answer, 0)
	if got := seconds(t, answer); got != 1200 {
		t.Errorf("got LIFETIME %d, want 1200", got)
	}
	cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(2)), 443)
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	cl.wantCode(cl.do(stun.MethodConnect, peer(f.peer)), 437)
}

func TestConnectRefusals(t *testing.T) {
	f := startTCPRelay(t)
	_, at := listenPeer(t, f.addr.Addr())
	closed, shut := listenPeer(t, f.addr.Addr())
	closed.Close()
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	cl.wantCode(cl.do(stun.MethodConnect, peer(at)), 437)
	relayed := cl.allocateTCP()
	port := func(p uint16) netip.AddrPort { return netip.AddrPortFrom(at.Addr(), p) }
	for _, c := range []struct {
		name  string
		attrs []stun.Setter
		want  int
	}{
		{"no peer", nil, 400},
		{"short peer", []stun.Setter{raw(stun.AttrXORPeerAddress, 0, 1)}, 400},
		{"port 0", []stun.Setter{peer(port(0))}, 400},
		{"denied by default", []stun.Setter{peer(netip.MustParseAddrPort("10.0.0.1:80"))}, 403},
		{"metadata service", []stun.Setter{peer(netip.MustParseAddrPort("169.254.169.254:80"))}, 403},
		{"this server", []stun.Setter{peer(f.addr)}, 403},
		{"itself", []stun.Setter{peer(relayed)}, 403},
		{"another family", []stun.Setter{peer(netip.MustParseAddrPort("[::1]:80"))}, 443},
		{"a closed port", []stun.Setter{peer(shut)}, 447},
	} {
		t.Run(c.name, func(t *testing.T) { cl.wantCode(cl.do(stun.MethodConnect, c.attrs...), c.want) })
	}
	cl.connectTo(at)
	cl.wantCode(cl.do(stun.MethodConnect, peer(at)), 446)

	// Nobody else acts on it, and it does nothing that UDP does.
	stranger := &client{t: t, conn: cl.conn, server: cl.server, username: "bob", password: "builder"}
	stranger.realm, stranger.nonce = cl.realm, cl.nonce
	stranger.wantCode(stranger.do(stun.MethodConnect, peer(at)), 441)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), peer(f.peer)), 403)
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	cl.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peer(f.peer), raw(stun.AttrData, 1, 2, 3)).Raw)
	f.wantDrops(t, fastpath.DropNoPermission, 1)

	udp := dialTCP(t, f.addr, nil, "alice", "wonderland")
	udp.allocate()
	udp.wantCode(udp.do(stun.MethodConnect, peer(at)), 403)
	if got := f.server.Stats(); got.TCPRelay.Connected != 1 || got.TCPRelay.Failed != 1 || got.Errors["Connect"]["447"] != 1 || got.Errors["Connect"]["446"] != 1 {
		t.Errorf("got %+v and errors %v, want each counted", got.TCPRelay, got.Errors["Connect"])
	}
}

func TestConnectionBindRefusals(t *testing.T) {
	f := startTCPRelay(t)
	l, at := listenPeer(t, f.addr.Addr())
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	cl.allocateTCP()
	id := cl.connectTo(at)
	conn := acceptPeer(t, l)

	data := cl.dataClient(nil)
	data.wantCode(data.do(stun.MethodConnectionBind), 438) // without the number it is a nonce of somebody else
	data.nonce = ""
	data.wantCode(data.do(stun.MethodConnectionBind), 400)
	data.wantCode(data.do(stun.MethodConnectionBind, connectionID(id+1)), 400)
	data.wantCode(data.do(stun.MethodConnectionBind, raw(stun.AttrConnectionID, 1, 2)), 400)
	data.wantCode(data.do(stun.MethodRefresh, connectionID(id)), 420) // it belongs to ConnectionBind
	cl.wantCode(cl.do(stun.MethodConnectionBind, connectionID(id)), 400)
	udp := dial(t, f.addr, "alice", "wonderland")
	udp.wantCode(udp.do(stun.MethodConnectionBind, connectionID(id)), 400)

	bob := dialTCP(t, f.addr, nil, "bob", "builder")
	bob.wantCode(bob.do(stun.MethodConnectionBind, connectionID(id)), 441)
	mallory := cl.dataClient(nil)
	mallory.password = "a wrong password"
	mallory.wantCode(mallory.do(stun.MethodConnectionBind, connectionID(id)), 401)
	other := dialTCP(t, f.addr, nil, "alice", "wonderland")
	other.challenge()
	foreign := cl.dataClient(nil)
	foreign.nonce = other.nonce // of neither connection
	foreign.wantCode(foreign.do(stun.MethodConnectionBind, connectionID(id)), 438)

	// After all that the connection still waits; the one that was refused can try.
	request := data.signed(stun.MethodConnectionBind, connectionID(id))
	data.send(request.Raw)
	wantFlow(t, data.bound(request), conn, []byte("at last"))
	late := cl.dataClient(nil)
	late.nonce = ""
	late.wantCode(late.do(stun.MethodConnectionBind, connectionID(id)), 400)
}

// A refused ConnectionBind leaves a connection of messages: what is behind it is the
// next message, and what is none ends the connection.
func TestRefusedConnectionBindGoesOn(t *testing.T) {
	f := startTCPRelay(t)
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	cl.challenge()
	bind, refresh := cl.signed(stun.MethodConnectionBind, connectionID(7)), cl.signed(stun.MethodRefresh)
	cl.send(append(append([]byte(nil), bind.Raw...), refresh.Raw...))
	first, second := cl.receive(), cl.receive()
	cl.wantCode(first, 400)
	cl.wantCode(second, 437)
	cl.send(append(append([]byte(nil), bind.Raw...), "\xff\xff\xff\xff"...))
	cl.wantCode(cl.receive(), 400)
	f2 := cl.conn.(framed)
	f2.SetDeadline(time.Now().Add(answerTimeout))
	wantOver(t, "client", f2.Conn)
}

// connectedByStore has erin, whom only a store knows, connect to a peer, and the server
// forget her: whatever comes next asks the store, which waits to be released.
func connectedByStore(t *testing.T) (f *fixture, store *slowStore, cl *client, id uint32, conn *net.TCPConn) {
	t.Helper()
	store = &slowStore{release: make(chan struct{}), known: map[string]authn.Key{}}
	key, err := authn.LongTermKey("erin", "example.org", "from the store")
	if err != nil {
		t.Fatal(err)
	}
	store.known["erin"] = key
	f = startTCPRelay(t, func(o *options) { o.auth.Source = store })
	l, at := listenPeer(t, f.addr.Addr())
	cl = dialTCP(t, f.addr, nil, "erin", "from the store")
	cl.allocateTCP()
	id = cl.connectTo(at)
	conn = acceptPeer(t, l)
	store.mu.Lock()
	delete(store.known, "erin")
	store.mu.Unlock()
	return f, store, cl, id, conn
}

// A ConnectionBind whose user only a store knows waits, and what is behind it too.
func TestConnectionBindWaitsForStore(t *testing.T) {
	_, store, cl, id, conn := connectedByStore(t)

	d := cl.dataClient(nil)
	request := d.signed(stun.MethodConnectionBind, connectionID(id))
	d.send(append(append([]byte(nil), request.Raw...), "behind, and no message"...))
	deadline := time.Now().Add(answerTimeout)
	for store.fetched() == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if _, err := d.conn.(framed).Conn.Write([]byte(", later")); err != nil {
		t.Fatal(err)
	}
	close(store.release)
	data := d.bound(request)
	wantNext(t, conn, []byte("behind, and no message\x00\x00, later")) // padded by the test's client
	wantFlow(t, conn, data, []byte("back"))
}

// Peers need a permission, and the policy must allow their port.
func TestPeerNeedsPermission(t *testing.T) {
	f := startTCPRelay(t)
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	relayed := cl.allocateTCP()
	wantOver(t, "a peer without permission", dialPeer(t, relayed))
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	conn := dialPeer(t, relayed)
	if _, from := cl.attempted(); from.String() != conn.LocalAddr().String() {
		t.Errorf("got an attempt of %s, want one of %s", from, conn.LocalAddr())
	}
	f.apply(t, func(o *options) {
		o.settings.DenyPeers = append(o.settings.DenyPeers, rule(t, "127.0.0.0/8 port 1024-65535"))
	})
	wantOver(t, "a peer whose port is denied by now", conn)
	wantOver(t, "a peer whose port is denied", dialPeer(t, relayed))
	if got := f.server.Stats().TCPRelay; got.Accepted != 1 || got.Rejected != 2 {
		t.Errorf("got %+v, want one connection accepted and two rejected", got)
	}
}

// Two TCP allocations of one server reach each other, behind a NAT by the external
// address, and only by TCP; one for UDP is no peer.
func TestTCPRelayToRelay(t *testing.T) {
	external := netip.MustParseAddr("203.0.113.7")
	f := startTCPRelay(t, func(o *options) { o.external, o.settings.AllowPeers = external, nil })
	alice, bob := dialTCP(t, f.addr, nil, "alice", "wonderland"), dialTCP(t, f.addr, nil, "bob", "builder")
	a, b := alice.allocateTCP(), bob.allocateTCP()
	if a.Addr() != external {
		t.Fatalf("got relayed transport address %s, want one on %s", a, external)
	}
	bob.wantCode(bob.do(stun.MethodCreatePermission, peer(a)), 0)
	toBob := alice.connectTo(b)
	id, from := bob.attempted()
	if from != a {
		t.Errorf("got an attempt of %s, want one of %s", from, a)
	}
	near, far := alice.bind(nil, toBob, nil), bob.bind(nil, id, nil)
	wantFlow(t, near, far, randomBytes(100_000))
	wantFlow(t, far, near, randomBytes(100_000))

	udp := dial(t, f.addr, "alice", "wonderland")
	u := udp.allocate()
	alice.wantCode(alice.do(stun.MethodConnect, peer(u)), 403)
	udp.wantCode(udp.do(stun.MethodChannelBind, channelNumber(0x4000), peer(b)), 403)
	udp.wantCode(udp.do(stun.MethodChannelBind, channelNumber(0x4000), peer(u)), 0)
	// A private network's ISATAP address with the own one inside is not an own one.
	isatap := netip.AddrPortFrom(netip.MustParseAddr("fd00::5efe:203.0.113.7"), b.Port())
	alice.wantCode(alice.do(stun.MethodConnect, peer6(isatap)), 403)
	bob.wantCode(bob.do(stun.MethodRefresh, lifetime(0)), 0)
	wantOver(t, "the other end of an allocation that has ended", near)
	near.Close()
	f.wantTCP(t, "no connection", func(s tcprelay.Stats) bool { return s.Bound == 0 })
	alice.wantCode(alice.do(stun.MethodConnect, peer(b)), 403)
}

// Data connections end with the allocation, whatever ends that, and leave nothing.
func TestDataConnectionsEndWithTheAllocation(t *testing.T) {
	ends := map[string]func(t *testing.T, f *fixture, cl *client){
		"Refresh":            func(t *testing.T, f *fixture, cl *client) { cl.do(stun.MethodRefresh, lifetime(0)) },
		"control connection": func(t *testing.T, f *fixture, cl *client) { cl.conn.Close() },
		"user removed": func(t *testing.T, f *fixture, cl *client) {
			f.apply(t, func(o *options) { o.auth.Users = o.auth.Users[1:] })
		},
		"revoked": func(t *testing.T, f *fixture, cl *client) {
			if err := f.options.revocations.Add(authn.Revocation{Realm: "example.org", User: "alice"}); err != nil {
				t.Fatal(err)
			}
			if err := f.server.EndRevoked(t.Context(), f.engine.Workers()); err != nil {
				t.Fatal(err)
			}
		},
		"bytes used up": func(t *testing.T, f *fixture, cl *client) {
			f.apply(t, func(o *options) { o.settings.Quota.UserBytes, o.settings.Quota.UsagePeriod = 1, time.Hour })
		},
		"lifetime": func(t *testing.T, f *fixture, cl *client) {
			f.apply(t, func(o *options) {
				o.settings.Allocation.DefaultLifetime, o.settings.Allocation.MaxLifetime = time.Second, time.Second
			})
			cl.wantCode(cl.do(stun.MethodRefresh), 0)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			list, err := authn.OpenRevocations(nil)
			if err != nil {
				t.Fatal(err)
			}
			f := startTCPRelay(t, func(o *options) { o.revocations = list })
			l, at := listenPeer(t, f.addr.Addr())
			cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
			relayed := cl.allocateTCP()
			data := cl.bind(nil, cl.connectTo(at), nil)
			conn := acceptPeer(t, l)
			wantFlow(t, data, conn, randomBytes(1000))
			cl.wantCode(cl.do(stun.MethodCreatePermission, peer(at)), 0)
			waiting := dialPeer(t, relayed)
			cl.attempted()
			end(t, f, cl)
			wantOver(t, "client", data)
			wantOver(t, "peer", conn)
			wantOver(t, "peer that waits", waiting)
			f.wantTCP(t, "nothing", func(s tcprelay.Stats) bool { return s.Bound == 0 && s.Unbound == 0 && f.server.Live() == 0 })
			f.wantNothingHeld(t)
		})
	}
}

// The limits of TCP connections: for each allocation, live, and with the rate of new
// peers.
func TestTCPConnectionQuota(t *testing.T) {
	f := startTCPRelay(t, func(o *options) {
		o.settings.Quota = quota.Limits{AllocationTCPConnections: 1}
		o.settings.QuotaOverrides = []quota.Override{{Realm: "example.org", User: "bob", Limits: quota.Limits{AllocationTCPConnections: 2}}}
	})
	_, one := listenPeer(t, f.addr.Addr())
	_, two := listenPeer(t, f.addr.Addr())
	_, three := listenPeer(t, f.addr.Addr())
	alice, bob := dialTCP(t, f.addr, nil, "alice", "wonderland"), dialTCP(t, f.addr, nil, "bob", "builder")
	alice.allocateTCP()
	bob.allocateTCP()
	alice.connectTo(one)
	alice.wantCode(alice.do(stun.MethodConnect, peer(two)), 508)
	bob.connectTo(one)
	bob.connectTo(two)
	bob.wantCode(bob.do(stun.MethodConnect, peer(three)), 508)
	if got := f.server.Stats().Quota.Refused[quota.LimitTCPConnections]; got != 2 {
		t.Errorf("got %d refusals counted, want 2", got)
	}
	f.apply(t, func(o *options) {
		o.settings.Quota = quota.Limits{AllocationTCPConnections: 3, AllocationNewPeersPerSecond: 1}
	})
	begin := time.Now()
	alice.connectTo(two)
	code := errorCode(alice.do(stun.MethodConnect, peer(three)))
	if refused := f.server.Stats().Quota.Refused[quota.LimitNewPeers]; time.Since(begin) < time.Second && (code != 508 || refused != 1) {
		t.Errorf("a second new peer within a second: got code %d and %d refusals counted, want 508 and 1", code, refused)
	}
}

// What is relayed by TCP counts in metrics and events, and for the bytes of a user.
func TestTCPTrafficCounts(t *testing.T) {
	f, heard := startHeard(t, func(o *options) {
		o.takesTCP = true
		o.tcpRelay = &tcprelay.Config{ConnectTimeout: answerTimeout, BindTimeout: time.Minute}
	})
	l, at := listenPeer(t, f.addr.Addr())
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	cl.allocateTCP()
	data := cl.bind(nil, cl.connectTo(at), nil)
	conn := acceptPeer(t, l)
	wantFlow(t, data, conn, randomBytes(300_000))
	wantFlow(t, conn, data, randomBytes(200_000))
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	all := heard.wait(t, 2)
	if e := all[len(all)-1]; e.ToPeerBytes != 300_000 || e.ToClientBytes != 200_000 || e.Reason != "client" {
		t.Errorf("got event %+v, want 300000 bytes to the peer and 200000 to the client", e)
	}
	deadline := time.Now().Add(answerTimeout)
	stats := f.engine.Workers()[0].Stats()
	for stats.ToClientBytes < 200_000 && time.Now().Before(deadline) {
		stats = f.engine.Workers()[0].Stats()
	}
	if stats.ToPeerBytes != 300_000 || stats.ToClientBytes != 200_000 {
		t.Errorf("got %d and %d bytes in the metrics, want 300000 and 200000", stats.ToPeerBytes, stats.ToClientBytes)
	}
}

// Bandwidth that a user's allocations share slows TCP down; a reload changes it for
// what is live.
func TestTCPBandwidth(t *testing.T) {
	limit := func(bits int64) quota.Limits {
		return quota.Limits{UserToPeerBitsPerSecond: bits, Burst: 10 * time.Millisecond}
	}
	f := startTCPRelay(t, func(o *options) { o.settings.Quota = limit(8_000_000) })
	l, at := listenPeer(t, f.addr.Addr())
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	cl.allocateTCP()
	data := cl.bind(nil, cl.connectTo(at), nil)
	conn := acceptPeer(t, l)
	begin := time.Now()
	wantFlow(t, data, conn, randomBytes(400_000))
	if took := time.Since(begin); took < 320*time.Millisecond {
		t.Errorf("got %s for 400,000 bytes at 8 Mbit/s, want at least 320 ms", took)
	}
	f.apply(t, func(o *options) { o.settings.Quota = limit(1000) })
	go data.Write(randomBytes(400_000)) // hours
	f.apply(t, func(o *options) { o.settings.Quota = quota.Limits{} })
	rest := make([]byte, 400_000)
	if n, err := io.ReadFull(conn, rest); err != nil {
		t.Errorf("after the limit was lifted: got %d bytes and error %v, want all", n, err)
	}
}

// A client that opens and closes connections without end holds no more than one that
// does not.
func TestTCPRelayCycles(t *testing.T) {
	f := startTCPRelay(t)
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	relayed := cl.allocateTCP()
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	for i := range 500 {
		conn := dialPeer(t, relayed)
		id, _ := cl.attempted()
		switch i % 3 {
		case 0:
			conn.SetLinger(0)
			conn.Close()
			d := cl.dataClient(nil)
			d.wantCode(d.do(stun.MethodConnectionBind, connectionID(id)), 0)
			d.conn.Close()
		case 1:
			data := cl.bind(nil, id, []byte("x"))
			wantNext(t, conn, []byte("x"))
			data.Close()
			wantOver(t, "peer", conn)
			conn.Close()
		default:
			data := cl.bind(nil, id, nil)
			conn.Close()
			wantOver(t, "client", data)
			data.Close()
		}
	}
	f.wantTCP(t, "nothing left", func(s tcprelay.Stats) bool { return s.Bound == 0 && s.Unbound == 0 })
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
	if got := f.server.Stats().TCPRelay.Accepted; got != 500 {
		t.Errorf("got %d connections accepted, want 500", got)
	}
}

package server_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// closeAndWait closes a client's connection and waits until the server knows.
func (f *fixture) closeAndWait(t *testing.T, cl *client) {
	t.Helper()
	closed := func() (n uint64) {
		for _, w := range f.engine.Workers() {
			n += w.Stats().StreamsClosed[fastpath.CloseClient]
		}
		return n
	}
	before := closed()
	cl.conn.Close()
	for deadline := time.Now().Add(answerTimeout); closed() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server does not see the end of a connection")
		}
	}
}

// A mobile allocation outlives its connection and can be resumed by another one,
// or by UDP: at once, as there is no old path any more.
func TestMobileAllocationOutlivesItsConnection(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for name, dialNext := range map[string]func(*testing.T, *fixture) *client{
		"TCP":  func(t *testing.T, f *fixture) *client { return dialTCP(t, f.addr, nil, "alice", "wonderland") },
		"TLS":  func(t *testing.T, f *fixture) *client { return dialTCP(t, f.addr, clientTLS, "alice", "wonderland") },
		"DTLS": func(t *testing.T, f *fixture) *client { return dialDTLS(t, f.addr, clientTLS, "alice", "wonderland") },
		"UDP":  func(t *testing.T, f *fixture) *client { return dial(t, f.addr, "alice", "wonderland") },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, withMobility, takesDTLS(serverTLS), func(o *options) { o.takesTCP, o.streams.TLS = true, serverTLS })
			old := dialTCP(t, f.addr, nil, "alice", "wonderland")
			relayed, ticket := old.allocateMobile()
			old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
			f.toPeer(t, old, 0x4001, relayed)
			for range 10 {
				f.closeAndWait(t, old)
				fresh := dialNext(t, f)
				ticket = fresh.resume(ticket)
				f.toClient(t, fresh, 0x4001, relayed) // no data was sent from there
				f.toPeer(t, fresh, 0x4001, relayed)
				old = dialTCP(t, f.addr, clientTLS, "alice", "wonderland")
				ticket = old.resume(ticket)
				f.toPeer(t, old, 0x4001, relayed)
				f.toClient(t, old, 0x4001, relayed)
			}
			f.wantMobiles(t, 1)
			old.wantCode(old.do(stun.MethodRefresh, lifetime(0)), 0)
			f.wantNothingHeld(t)
		})
	}
}

// The end of the old connection discards the old five-tuple, as data on the new
// one does (RFC 8016 section 3.2.2).
func TestEndOfTheOldConnectionMovesTheAllocation(t *testing.T) {
	f := start(t, withMobility, func(o *options) { o.takesTCP = true })
	old := dialTCP(t, f.addr, nil, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := dialTCP(t, f.addr, nil, "alice", "wonderland")
	fresh.resume(ticket)
	f.toClient(t, old, 0x4001, relayed)
	f.closeAndWait(t, old)
	f.wantMobiles(t, 1)
	f.toClient(t, fresh, 0x4001, relayed)
	f.toPeer(t, fresh, 0x4001, relayed)
}

// A connection that ends before data came by it leaves everything as it was.
func TestNewConnectionEnds(t *testing.T) {
	f := start(t, withMobility, func(o *options) { o.takesTCP = true })
	old := dial(t, f.addr, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	fresh := dialTCP(t, f.addr, nil, "alice", "wonderland")
	ticket = fresh.resume(ticket)
	f.closeAndWait(t, fresh)
	f.wantMobiles(t, 1)
	f.toPeer(t, old, 0x4001, relayed)
	f.toClient(t, old, 0x4001, relayed)
	third := dialTCP(t, f.addr, nil, "alice", "wonderland")
	third.resume(ticket)
	f.toPeer(t, third, 0x4001, relayed)
	f.toClient(t, third, 0x4001, relayed)
	third.wantCode(third.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

// A connection that ends while its allocation is on the way to it, called by its
// data, or sent off by the end of the old one, leaves the allocation alone: its
// client resumes it from elsewhere.
func TestNewConnectionEndsOnTheWay(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	for name, dialNext := range map[string]func(*testing.T, *fixture) *client{
		"TCP":  func(t *testing.T, f *fixture) *client { return dialTCP(t, f.addr, nil, "alice", "wonderland") },
		"DTLS": func(t *testing.T, f *fixture) *client { return dialDTLS(t, f.addr, clientTLS, "alice", "wonderland") },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, withMobility, takesDTLS(serverTLS), func(o *options) { o.takesTCP, o.streams.TLS = true, serverTLS })
			old := f.dialWorker(t, 0, "alice", "wonderland")
			answer := old.do(stun.MethodAllocate, requestedTransport(17), additionalFamily(2), mobilityTicket(nil))
			old.wantCode(answer, 0)
			relayed, ticket := relayedAddresses(t, answer), ticketOf(t, answer)
			old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
			at := old
			for i := range 4 {
				home := relay.WorkerOf(at.addr(), f.options.workers)
				fresh := f.onWorker(t, 1-home, func() *client { return dialNext(t, f) })
				ticket = fresh.resume(ticket)
				from := f.hold(t, home)
				fresh.send(channelData(0x4001, []byte("call")))
				f.passWorker(t, 1-home) // it has called
				f.closeAndWait(t, fresh)
				from.release()
				f.wantMobiles(t, 1)
				f.sendToRelay(t, relayed[0], []byte("to nobody"))
				f.wantDrops(t, fastpath.DropNoListener, uint64(i+1))

				at = f.onWorker(t, i/2, func() *client { return dialTCP(t, f.addr, nil, "alice", "wonderland") })
				ticket = at.resume(ticket)
				f.toClient(t, at, 0x4001, relayed[0]) // it came at once
				f.toPeer(t, at, 0x4001, relayed[0])
			}
			at.wantCode(at.do(stun.MethodRefresh, lifetime(0)), 0)
			f.wantMobiles(t, 0)
			f.wantNothingHeld(t)
		})
	}
}

// A connection that ends before the answer to its resume leaves no invitation, and
// its client, who has not heard of the next ticket, the one that it had.
func TestConnectionEndsBeforeTheAnswer(t *testing.T) {
	for name, isAlone := range map[string]bool{"old connection lives": false, "old connection is over": true} {
		t.Run(name, func(t *testing.T) {
			f := start(t, withMobility, func(o *options) { o.takesTCP = true })
			dialNext := func() *client { return dialTCP(t, f.addr, nil, "alice", "wonderland") }
			old := f.onWorker(t, 0, dialNext)
			relayed, ticket := old.allocateMobile()
			old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
			if isAlone {
				f.closeAndWait(t, old)
			}
			fresh := f.onWorker(t, 1, dialNext)
			request := fresh.signed(stun.MethodRefresh, mobilityTicket(ticket))
			owner := f.hold(t, 0)
			fresh.send(request.Raw)
			f.passWorker(t, 1) // it has been passed on
			f.closeAndWait(t, fresh)
			owner.release()
			f.wantMobiles(t, 1)
			if !isAlone {
				f.toPeer(t, old, 0x4001, relayed)
				f.toClient(t, old, 0x4001, relayed)
			}
			third := f.onWorker(t, 0, dialNext)
			third.resume(ticket)
			f.toPeer(t, third, 0x4001, relayed)
			f.toClient(t, third, 0x4001, relayed)
			third.wantCode(third.do(stun.MethodRefresh, lifetime(0)), 0)
			f.wantMobiles(t, 0)
			f.wantNothingHeld(t)
		})
	}
}

// What is alone after its way can be over for all the reasons for which others are.
func TestAloneAllocationEnds(t *testing.T) {
	for cause, end := range map[string]func(*testing.T, *fixture){
		"revoked": func(t *testing.T, f *fixture) {
			f.apply(t, func(o *options) { o.auth.Users = o.auth.Users[1:] })
		},
		"quota": func(t *testing.T, f *fixture) {
			f.apply(t, func(o *options) { o.settings.Quota = quota.Limits{UserAllocationAge: time.Millisecond} })
		},
	} {
		t.Run(cause, func(t *testing.T) {
			f := start(t, withMobility, func(o *options) { o.takesTCP = true })
			old := f.dialWorker(t, 0, "alice", "wonderland")
			_, ticket := old.allocateMobile()
			fresh := f.onWorker(t, 1, func() *client { return dialTCP(t, f.addr, nil, "alice", "wonderland") })
			fresh.resume(ticket)
			from := f.hold(t, 0)
			fresh.send(channelData(0x4001, []byte("call")))
			f.passWorker(t, 1)
			f.closeAndWait(t, fresh)
			from.release()
			f.wantMobiles(t, 1)
			end(t, f)
			f.awaitEnd(t, cause, 1)
			f.wantMobiles(t, 0)
			f.wantNothingHeld(t)
		})
	}
}

// openOther opens a second peer.
func openOther(t *testing.T, f *fixture) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: f.peer.Addr().AsSlice()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Behind a load balancer for UDP clients move as well, and what is for them takes
// the way of their new five-tuple.
func TestMobileClientBehindDatagramProxy(t *testing.T) {
	f := start(t, withMobility, func(o *options) {
		o.workers, o.datagramProxies = 4, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	b := startBalancer(t, f.addr)
	at := dial(t, b.addr(), "alice", "wonderland")
	relayed, ticket := at.allocateMobile()
	at.wantCode(at.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	for range 20 {
		next := dial(t, b.addr(), "alice", "wonderland")
		ticket = next.resume(ticket)
		f.toClient(t, at, 0x4001, relayed)
		f.toPeer(t, next, 0x4001, relayed)
		f.toClient(t, next, 0x4001, relayed)
		at = next
	}
	at.wantCode(at.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
}

package server_test

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/pion/stun/v3"
	"github.com/pires/go-proxyproto"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// balancer is a small load balancer for UDP: it gives each client a socket towards
// the server, puts a header in front of each datagram of the client, and hands back
// what comes from the server as it is.
type balancer struct {
	t      *testing.T
	front  *net.UDPConn
	server netip.AddrPort

	mu    sync.Mutex
	backs map[netip.AddrPort]*net.UDPConn // by client; guarded by mu
}

func startBalancer(t *testing.T, server netip.AddrPort) *balancer {
	t.Helper()
	front, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(server.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{t: t, front: front, server: server, backs: make(map[netip.AddrPort]*net.UDPConn)}
	var running sync.WaitGroup
	running.Go(func() { b.forward(&running) })
	t.Cleanup(func() {
		front.Close()
		b.reconnect()
		running.Wait()
	})
	return b
}

func (b *balancer) addr() netip.AddrPort { return b.front.LocalAddr().(*net.UDPAddr).AddrPort() }

func (b *balancer) forward(running *sync.WaitGroup) {
	buf := make([]byte, 1<<16)
	for {
		n, client, err := b.front.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		header, err := proxyproto.HeaderProxyFromAddrs(2, net.UDPAddrFromAddrPort(client), net.UDPAddrFromAddrPort(b.addr())).Format()
		if err != nil {
			b.t.Error(err)
			return
		}
		if back := b.back(client, running); back != nil {
			_, _ = back.Write(append(header, buf[:n]...)) // lost like any datagram
		}
	}
}

// back is the socket of a client.
func (b *balancer) back(client netip.AddrPort, running *sync.WaitGroup) *net.UDPConn {
	b.mu.Lock()
	defer b.mu.Unlock()
	if back := b.backs[client]; back != nil {
		return back
	}
	back, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(b.server))
	if err != nil {
		return nil
	}
	b.backs[client] = back
	running.Go(func() {
		buf := make([]byte, 1<<16)
		for {
			n, err := back.Read(buf)
			if err != nil {
				return
			}
			_, _ = b.front.WriteToUDPAddrPort(buf[:n], client)
		}
	})
	return back
}

// reconnect makes every client get another socket.
func (b *balancer) reconnect() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for client, back := range b.backs {
		back.Close()
		delete(b.backs, client)
	}
}

// A client behind a load balancer for UDP is itself for answers, nonces, limits and
// data, also when the balancer takes another port for it.
func TestClientBehindDatagramProxy(t *testing.T) {
	f := start(t, func(o *options) {
		o.workers, o.datagramProxies = 1, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	b := startBalancer(t, f.addr)
	alice, bob := dial(t, b.addr(), "alice", "wonderland"), dial(t, b.addr(), "bob", "builder")
	for number, cl := range map[uint16]*client{0x4001: alice, 0x4002: bob} {
		answer := cl.do(stun.MethodAllocate, requestedTransport(17))
		cl.wantCode(answer, 0)
		if got := xorAddr(t, answer, stun.AttrXORMappedAddress); got != cl.addr() {
			t.Errorf("got XOR-MAPPED-ADDRESS %s, want the client's %s", got, cl.addr())
		}
		relayed := xorAddr(t, answer, stun.AttrXORRelayedAddress)
		cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(number), peer(f.peer)), 0)
		for round := range 2 {
			for _, size := range []int{0, 1, 160, 1200, 9000} {
				payload := randomBytes(size)
				cl.send(channelData(number, payload))
				if got, from := f.receiveFromRelay(t); !bytes.Equal(got, payload) || from != relayed {
					t.Errorf("round %d, size %d: the peer got %d bytes from %s, want the payload from %s", round, size, len(got), from, relayed)
				}
				f.sendToRelay(t, relayed, payload)
				if got := cl.receiveRaw(); !bytes.Equal(got, channelData(number, payload)) {
					t.Errorf("round %d, size %d: the client got %d bytes, want the payload", round, size, len(got))
				}
			}
			b.reconnect()
		}
	}
	alice.wantCode(alice.do(stun.MethodRefresh, lifetime(0)), 0)
	bob.wantCode(bob.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

// Who reaches such a listener without a proxy, or through one that is not trusted,
// gets nothing.
func TestDatagramsWithoutProxy(t *testing.T) {
	f := start(t, func(o *options) { o.datagramProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	direct := dial(t, f.addr, "alice", "wonderland")
	direct.send(message(stun.MethodBinding).Raw)
	f.wantDrops(t, fastpath.DropProxyHeader, 1)

	elsewhere := start(t, func(o *options) { o.datagramProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")} })
	cl := dial(t, startBalancer(t, elsewhere.addr).addr(), "alice", "wonderland")
	cl.send(message(stun.MethodBinding).Raw)
	elsewhere.wantDrops(t, fastpath.DropProxyUntrusted, 1)
}

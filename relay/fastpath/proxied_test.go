package fastpath_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// proxyHeader is a header of the PROXY protocol, version 2, for UDP.
func proxyHeader(client netip.AddrPort) []byte {
	b := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x12\x00\x0C")
	b = append(append(b, client.Addr().AsSlice()...), 198, 51, 100, 1)
	b = binary.BigEndian.AppendUint16(b, client.Port())
	return binary.BigEndian.AppendUint16(b, 3478)
}

// wrapped is a datagram as a proxy sends it.
func wrapped(client netip.AddrPort, datagram []byte) []byte {
	return append(proxyHeader(client), datagram...)
}

// startProxied runs a worker whose listener is for proxies on 127.0.0.1. Control
// answers each message with the address of its client.
func startProxied(t *testing.T, cfg fastpath.Config) *fixture {
	t.Helper()
	cfg.Control = func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			w.Reply(&batch[i], []byte(batch[i].Client.String()+" by "+batch[i].Proxy.String()))
		}
	}
	f := start(t, loopback4, cfg)
	f.on(func(w *fastpath.Worker) {
		w.OnlyProxies(listenerID, []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("127.0.0.1/32")})
	})
	return f
}

var farClient = netip.MustParseAddrPort("203.0.113.5:4000")

// Data of two clients of one proxy goes both ways, each under its own name, and what
// is for them goes to the proxy without a header.
func TestProxiedClients(t *testing.T) {
	f := startProxied(t, fastpath.Config{})
	proxy, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	other := netip.MustParseAddrPort("203.0.113.6:4000")
	via := func(a *fastpath.Allocation) { a.Proxy = proxy.addr }
	one, two := f.publish(farClient, loopback4, via), f.publish(other, loopback4, via)
	f.bind(one, 0x4001, peer.addr)
	f.bind(two, 0x4001, peer.addr)
	for _, size := range []int{0, 1, 200, 1200, 40_000} {
		p := payload(size)
		proxy.send(f.server, wrapped(farClient, channelData(0x4001, p)))
		peer.want(one.relayed, p)
		proxy.send(f.server, wrapped(other, channelData(0x4001, p)))
		peer.want(two.relayed, p)
		proxy.send(f.server, wrapped(other, sendIndication(peer.addr, p)))
		peer.want(two.relayed, p)
		for _, a := range []allocation{one, two} {
			peer.send(a.relayed, p)
			proxy.want(f.server, channelData(0x4001, p))
		}
	}
	proxy.send(f.server, wrapped(other, stunRequest(1)))
	proxy.want(f.server, []byte(other.String()+" by "+proxy.addr.String()))
}

// A client whose proxy takes another port, or whom another proxy takes over, is
// followed by its next datagram.
func TestProxiedClientIsFollowed(t *testing.T) {
	f := startProxied(t, fastpath.Config{})
	first, second, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(farClient, loopback4, func(a *fastpath.Allocation) { a.Proxy = first.addr })
	f.bind(a, 0x4001, peer.addr)
	peer.send(a.relayed, []byte("one"))
	first.want(f.server, channelData(0x4001, []byte("one")))
	second.send(f.server, wrapped(farClient, channelData(0x4001, []byte("two"))))
	peer.want(a.relayed, []byte("two"))
	peer.send(a.relayed, []byte("three"))
	second.want(f.server, channelData(0x4001, []byte("three")))
}

// What proxies do not send, and what they send without a header, is dropped by
// reason; a proxy may speak for itself.
func TestProxiedDrops(t *testing.T) {
	f := startProxied(t, fastpath.Config{})
	proxy, stranger := newEndpoint(t, loopback4), newEndpoint(t, "127.0.0.2")
	stranger.send(f.server, wrapped(farClient, stunRequest(1)))
	stranger.send(f.server, stunRequest(1))
	f.wantDrops(fastpath.DropProxyUntrusted, 2)
	for _, b := range [][]byte{stunRequest(1), nil, proxyHeader(farClient)[:20], []byte("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), bytes.Repeat([]byte{0xFF}, 100)} {
		proxy.send(f.server, b)
	}
	f.wantDrops(fastpath.DropProxyHeader, 5)
	proxy.send(f.server, wrapped(farClient, nil))
	f.wantDrops(fastpath.DropUnknownProtocol, 1)
	proxy.send(f.server, wrapped(farClient, append([]byte{22, 254, 253}, make([]byte, 30)...)))
	f.wantDrops(fastpath.DropDTLS, 1)
	proxy.send(f.server, append([]byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"), stunRequest(1)...))
	proxy.want(f.server, []byte(proxy.addr.String()+" by "+proxy.addr.String()))
	f.wantStats(t, func(s fastpath.Stats) bool { return s.Messages > 0 }) // the round is over
	if got := f.worker.Stats().Messages; got != 1 {
		t.Errorf("got %d messages handed to control code, want 1", got)
	}
}

// Trains stay off on such a socket whatever the switch says, and elsewhere follow it.
func TestProxiedListenerHasNoTrains(t *testing.T) {
	f := startProxied(t, fastpath.Config{})
	f.on(func(w *fastpath.Worker) { w.SetOffloads(fastpath.On, fastpath.On) })
	proxy, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(farClient, loopback4, func(a *fastpath.Allocation) { a.Proxy = proxy.addr })
	f.bind(a, 0x4001, peer.addr)
	p := payload(100)
	f.holdBatch(func() {
		for range 40 {
			proxy.send(f.server, wrapped(farClient, channelData(0x4001, p)))
		}
	})
	for range 40 {
		peer.want(a.relayed, p)
	}
	if f.listener.Trains() {
		t.Error("the listener for proxies coalesces")
	}
}

// The requests of a proxied client, and what is behind them in a batch, are decided
// in order.
func TestProxiedBatchWaitsForControl(t *testing.T) {
	peer := newEndpoint(t, loopback4)
	relay := listen(t, loopback4, udpbatch.Options{ErrorQueue: true})
	f := start(t, loopback4, fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for _, m := range batch {
			id, err := w.Publish(fastpath.Allocation{Client: m.Client, Proxy: m.Proxy, Listener: m.Listener, Relay: relay, Lifetime: minute})
			if err == nil {
				err = w.Permit(id, peer.addr.Addr(), minute, false)
			}
			if err == nil {
				err = w.Bind(id, 0x4001, peer.addr, minute, false)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}})
	f.on(func(w *fastpath.Worker) {
		w.OnlyProxies(listenerID, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})
	})
	proxy := newEndpoint(t, loopback4)
	f.holdBatch(func() {
		proxy.send(f.server, wrapped(farClient, stunRequest(1)))
		proxy.send(f.server, wrapped(farClient, channelData(0x4001, []byte("at once"))))
	})
	peer.want(relay.Local(), []byte("at once"))
	peer.send(relay.Local(), []byte("back"))
	proxy.want(f.server, channelData(0x4001, []byte("back")))
}

package fastpath

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// bench is a worker whose sockets lead nowhere: everything a packet costs here
// but the system calls.
type bench struct {
	*Worker
	listener *listener
	clients  []udpbatch.Addr // by allocation
	peers    []udpbatch.Addr
	ids      []AllocationID
	rnd      *rand.Rand
}

const benchNumber = 0x4001

// newBench publishes so many allocations, with a channel and a permission each,
// and with token buckets that never run dry.
func newBench(tb testing.TB, allocations int) *bench {
	tb.Helper()
	buckets := bucket.NewArray(2*allocations + 2*NumShared)
	w, err := NewWorker(Config{Buckets: buckets, Control: func(*Worker, []Message) {}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.Close() })
	server := netip.MustParseAddrPort("192.0.2.1:3478")
	if err := w.AddListener(0, server, udpbatch.Discard(server)); err != nil {
		tb.Fatal(err)
	}
	b := &bench{Worker: w, listener: w.listeners[0], rnd: rand.New(rand.NewPCG(1, 2))}
	for i := range allocations {
		host := [4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}
		client := netip.AddrPortFrom(netip.AddrFrom4(host), 40000)
		host[0] = 11
		peer := netip.AddrPortFrom(netip.AddrFrom4(host), 50000)
		toPeer, _ := buckets.Reserve(1e15, time.Second)
		toClient, _ := buckets.Reserve(1e15, time.Second)
		id, err := w.Publish(Allocation{
			Client: client, Relay: udpbatch.Discard(server), Lifetime: time.Hour, ToPeer: toPeer, ToClient: toClient,
		})
		if err != nil {
			tb.Fatal(err)
		}
		if err := w.Permit(id, peer.Addr(), time.Hour, false); err != nil {
			tb.Fatal(err)
		}
		if err := w.Bind(id, benchNumber, peer, time.Hour, false); err != nil {
			tb.Fatal(err)
		}
		b.clients = append(b.clients, udpbatch.AddrOf(client))
		b.peers = append(b.peers, udpbatch.AddrOf(peer))
		b.ids = append(b.ids, id)
	}
	return b
}

// limit gives all allocations terms that no packet meets: packets per second, and
// with shared the bandwidth of one user, tenant, realm and server as well.
func (b *bench) limit(tb testing.TB, shared bool) {
	tb.Helper()
	of := Terms{ToPeerPacketsPerSecond: 1e9, ToClientPacketsPerSecond: 1e9, PacketBurst: time.Minute}
	if shared {
		for i := range NumShared {
			of.SharedToPeer[i], _ = b.cfg.Buckets.Reserve(1e15, time.Minute)
			of.SharedToClient[i], _ = b.cfg.Buckets.Reserve(1e15, time.Minute)
		}
	}
	for _, id := range b.ids {
		b.SetTerms(id, of)
	}
}

// fill receives the same datagram into all slots of a batch.
func fill(tb testing.TB, recv *udpbatch.RecvBatch, datagram []byte) {
	tb.Helper()
	c, err := udpbatch.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udpbatch.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	to, send := udpbatch.AddrOf(c.Local()), udpbatch.NewSendBatch(1, 1)
	send.Append(datagram, &to)
	for slot := range recv.Len() {
		if s := c.Send(send); s.Failed > 0 {
			tb.Fatal(send.Err(0))
		}
		deadline := time.Now().Add(10 * time.Second)
		for c.Recv(recv, slot, 1).Packets == 0 {
			if time.Now().After(deadline) {
				tb.Fatal("the datagram did not arrive")
			}
		}
	}
}

// toPeers forwards the slots of a batch that are as from random clients.
func (b *bench) toPeers(packets int) {
	for slot := range packets {
		b.up.from[slot] = b.clients[b.rnd.IntN(len(b.clients))]
		if reason := b.fromClient(b.listener.id, view{slot, wire.Headroom, b.up.recv.Size(slot)}); reason != dropNone {
			panic(reason)
		}
	}
	b.flushPeers()
}

// toClients forwards slots that are as from the peers of random allocations.
func (b *bench) toClients(packets int) {
	for slot := range packets {
		i := b.rnd.IntN(len(b.ids))
		b.down.from = b.peers[i]
		if reason := b.fromPeer(b.ids[i], b.tables.allocations.at(b.ids[i]), slot); reason != dropNone {
			panic(reason)
		}
	}
	b.flushClients()
}

// proxied puts a load balancer in front of the clients of a bench, and fills the
// slots with what it sends for one of them.
func (b *bench) proxied(tb testing.TB, size int) {
	tb.Helper()
	b.listener.proxies = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("127.0.0.0/8")}
	for _, id := range b.ids {
		b.setWay(id, udpbatch.Addr{})
	}
	client := b.clients[0].AddrPort()
	datagram := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x12\x00\x0C")
	datagram = append(append(datagram, client.Addr().AsSlice()...), 198, 51, 100, 1)
	datagram = append(datagram, byte(client.Port()>>8), byte(client.Port()), 13, 150)
	at := len(datagram)
	datagram = append(datagram, make([]byte, wire.ChannelHeaderSize+size)...)
	wire.PutChannelHeader(datagram[at:], benchNumber, size)
	fill(tb, b.up.recv, datagram)
}

// toPeersProxied forwards slots that are as from load balancers.
func (b *bench) toPeersProxied(packets int) {
	for slot := range packets {
		v, reason := b.unwrap(b.listener, slot)
		if reason == dropNone {
			reason = b.fromClient(b.listener.id, v)
		}
		if reason != dropNone {
			panic(reason)
		}
	}
	b.flushPeers()
}

// BenchmarkProxied is the part of BenchmarkForward for clients behind a load balancer,
// to be compared with dir=toPeer/kind=channel and table=1.
func BenchmarkProxied(tb *testing.B) {
	const batch, size = 32, 200
	b := newBench(tb, 1)
	b.proxied(tb, size)
	tb.ReportAllocs()
	for tb.Loop() {
		b.toPeersProxied(batch)
	}
	tb.ReportMetric(float64(tb.Elapsed().Nanoseconds())/float64(tb.N)/batch, "ns/packet")
}

// kinds are the four ways through the fast path.
var kinds = []struct {
	name    string
	prepare func(tb testing.TB, b *bench, size int)
	forward func(b *bench, packets int)
}{
	{"dir=toPeer/kind=channel", func(tb testing.TB, b *bench, size int) {
		datagram := make([]byte, wire.ChannelHeaderSize+size)
		wire.PutChannelHeader(datagram, benchNumber, size)
		fill(tb, b.up.recv, datagram)
	}, (*bench).toPeers},
	{"dir=toPeer/kind=send", func(tb testing.TB, b *bench, size int) {
		// All clients send to one peer here, which all of them permit.
		peer := netip.MustParseAddrPort("11.255.255.255:50000")
		for _, id := range b.ids {
			if err := b.Permit(id, peer.Addr(), time.Hour, false); err != nil {
				tb.Fatal(err)
			}
		}
		var m wire.Builder
		m.Indication(wire.MethodSend, [wire.TransactionIDSize]byte{})
		m.XORPeerAddress(peer)
		m.Data(make([]byte, size))
		fill(tb, b.up.recv, m.Bytes())
	}, (*bench).toPeers},
	{"dir=toClient/kind=channel", func(tb testing.TB, b *bench, size int) {
		fill(tb, b.down.recv, make([]byte, size))
	}, (*bench).toClients},
	{"dir=toClient/kind=data", func(tb testing.TB, b *bench, size int) {
		for _, id := range b.ids {
			b.Unbind(id, benchNumber)
		}
		fill(tb, b.down.recv, make([]byte, size))
	}, (*bench).toClients},
}

// BenchmarkForward measures the own work for each packet, without the kernel:
// every packet of a batch belongs to another random allocation.
func BenchmarkForward(b *testing.B) {
	const batch, size = 32, 200
	for _, kind := range kinds {
		for _, table := range []int{1, 1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/size=%d/batch=%d/table=%d", kind.name, size, batch, table), func(b *testing.B) {
				w := newBench(b, table)
				kind.prepare(b, w, size)
				b.ReportAllocs()
				b.SetBytes(batch * size)
				for b.Loop() {
					kind.forward(w, batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/packet")
				b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "pkts/s")
			})
		}
	}
}

// BenchmarkTerms measures what limits cost a packet: none beyond the allocation's
// bandwidth, packets per second, and four shared buckets as well.
func BenchmarkTerms(b *testing.B) {
	const batch, size, table = 32, 200, 1000
	for _, kind := range []int{0, 2} { // channels
		for _, terms := range []string{"none", "packets", "shared"} {
			b.Run(fmt.Sprintf("%s/terms=%s", kinds[kind].name, terms), func(b *testing.B) {
				w := newBench(b, table)
				if terms != "none" {
					w.limit(b, terms == "shared")
				}
				kinds[kind].prepare(b, w, size)
				b.ReportAllocs()
				for b.Loop() {
					kinds[kind].forward(w, batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/packet")
			})
		}
	}
}

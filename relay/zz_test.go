package relay_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sort"
	"strconv"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

func TestZZ(t *testing.T) {
	F, _ := strconv.Atoi(os.Getenv("F"))
	K, _ := strconv.Atoi(os.Getenv("K"))
	lo := netip.MustParseAddr("127.0.0.1")
	if os.Getenv("SERVE") != "" {
		start(t, relay.Config{Workers: 1, Listeners: addrs("127.0.0.1:3999"), ReceiveBufferBytes: 4 << 20, Worker: func(int) fastpath.Config {
			c := &clerk{lo, make(map[netip.AddrPort]fastpath.AllocationID)}
			return fastpath.Config{Control: c.control}
		}})
		time.Sleep(25 * time.Second)
		return
	}
	turn := os.Getenv("TURN") != ""
	server := netip.MustParseAddrPort("127.0.0.1:3999")
	if turn {
		server = netip.MustParseAddrPort("127.0.0.1:3998")
	}
	/* engine := start(t, relay.Config{Workers: 1, Listeners: addrs("127.0.0.1:0"), ReceiveBufferBytes: 4 << 20, Worker: func(int) fastpath.Config {
		c := &clerk{lo, make(map[netip.AddrPort]fastpath.AllocationID)}
		return fastpath.Config{Control: c.control}
	}})
	server := engine.Addresses()[0] */
	recv, _ := udpbatch.NewRecvBatch(udpbatch.Layout{Slots: 64, Headroom: 64, Size: 65535, Tailroom: 8})
	one := udpbatch.NewSendBatch(1)
	var clients, peers []*udpbatch.Conn
	var relayed []netip.AddrPort
	ask := func(c *udpbatch.Conn, s string) string {
		to := udpbatch.AddrOf(server)
		one.Reset()
		one.Append(append([]byte{0, 1}, s...), &to)
		c.Send(one)
		for c.Recv(recv, 0, 1).Packets == 0 {
		}
		return string(recv.Slot(0)[66 : 64+recv.Size(0)])
	}
	askTURN := func(c *udpbatch.Conn, method wire.Method, peer netip.AddrPort) netip.AddrPort {
		var b wire.Builder
		b.Request(method, [12]byte{byte(rand.Int()), byte(rand.Int()), byte(rand.Int())})
		if method == wire.MethodAllocate {
			b.RequestedTransport(17)
		} else {
			b.ChannelNumber(exactNumber)
			b.XORPeerAddress(peer)
		}
		to := udpbatch.AddrOf(server)
		one.Reset()
		one.Append(b.Bytes(), &to)
		c.Send(one)
		for c.Recv(recv, 0, 1).Packets == 0 {
		}
		var m wire.Message
		m.Walk(recv.Slot(0)[64 : 64+recv.Size(0)])
		if m.Class != wire.ClassSuccess {
			t.Fatalf("class %d", m.Class)
		}
		r, _, _ := m.XORRelayedAddress()
		return r
	}
	for range F {
		if turn {
			c, _ := udpbatch.Listen(netip.AddrPortFrom(lo, 0), udpbatch.Options{})
			p, _ := udpbatch.Listen(netip.AddrPortFrom(lo, 0), udpbatch.Options{})
			clients, peers = append(clients, c), append(peers, p)
			relayed = append(relayed, askTURN(c, wire.MethodAllocate, netip.AddrPort{}))
			askTURN(c, wire.MethodChannelBind, p.Local())
			continue
		}
		c, _ := udpbatch.Listen(netip.AddrPortFrom(lo, 0), udpbatch.Options{})
		p, _ := udpbatch.Listen(netip.AddrPortFrom(lo, 0), udpbatch.Options{})
		clients, peers = append(clients, c), append(peers, p)
		relayed = append(relayed, netip.MustParseAddrPort(ask(c, "allocate")))
		ask(c, "bind "+p.Local().String())
	}
	payload := make([]byte, 172)
	framed := make([]byte, 176)
	copy(framed[4:], payload)
	wire.PutChannelHeader(framed, exactNumber, 172)
	measure := func(from, to []*udpbatch.Conn, dst func(i int) netip.AddrPort, b []byte) float64 {
		sends := make([]*udpbatch.SendBatch, F)
		for i := range sends {
			sends[i] = udpbatch.NewSendBatch(K)
			a := udpbatch.AddrOf(dst(i))
			for range K {
				sends[i].Append(b, &a)
			}
		}
		poll, _ := udpbatch.NewPoller(64)
		defer poll.Close()
		for i, c := range to {
			poll.Add(c, uint32(i))
		}
		defer func() {
			for _, c := range to {
				poll.Remove(c)
			}
		}()
		var times []float64
		for ended := time.Now().Add(1500 * time.Millisecond); time.Now().Before(ended); {
			t0 := time.Now()
			for i, c := range from {
				c.Send(sends[i])
			}
			for got := 0; got < F*K; {
				n, _ := poll.Wait(time.Second)
				if n == 0 {
					t.Fatal("lost", got)
				}
				for e := range n {
					got += to[poll.Event(e).Token].Recv(recv, 0, min(K, 64)).Packets
				}
			}
			times = append(times, float64(time.Since(t0).Nanoseconds())/float64(F*K))
		}
		sort.Float64s(times)
		return times[len(times)/2]
	}
	direct := measure(clients, peers, func(i int) netip.AddrPort { return peers[i].Local() }, payload)
	up := measure(clients, peers, func(int) netip.AddrPort { return server }, framed)
	down := measure(peers, clients, func(i int) netip.AddrPort { return relayed[i] }, payload)
	fmt.Printf("turn=%t F=%d K=%d direct %.0f up net %.0f down net %.0f\n", turn, F, K, direct, up-direct, down-direct)
}

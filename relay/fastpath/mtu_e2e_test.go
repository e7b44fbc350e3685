//go:build e2e && linux && !portable

package fastpath_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// On links of 1500 bytes, trains of all sizes around the MTU arrive as they
// were: those that fit are segmented, the others refused by the kernel, sent
// packet by packet and fragmented.
func TestTrainsAroundTheMTU(t *testing.T) {
	n := testnet.New(t)
	for _, ip := range []struct {
		client, server, relay, peer netip.Addr
		fits                        int // longest payload of a packet that is not fragmented
	}{
		{testnet.ClientV4, testnet.ServerV4, testnet.RelayV4, testnet.PeerV4, 1472},
		{testnet.ClientV6, testnet.ServerV6, testnet.RelayV6, testnet.PeerV6, 1452},
	} {
		for _, s := range switches {
			t.Run(fmt.Sprintf("client=%s/gso=%d/gro=%d", ip.client, s.gso, s.gro), func(t *testing.T) {
				f := startOn(t, listenIn(t, n.Relay, ip.server), fastpath.Config{})
				f.setOffloads(s.gso, s.gro)
				client, peer := carrierOn(t, listenIn(t, n.Clients, ip.client)), carrierOn(t, listenIn(t, n.Peers, ip.peer))
				a := f.publishOn(client.addr, listenIn(t, n.Relay, ip.relay))
				f.bind(a, 0x4001, peer.addr)
				for size := ip.fits - 6; size <= ip.fits+2; size++ {
					for _, last := range []int{size, size - 1, 1} {
						data := payloads(12, size, last)
						framed := each(data, inChannel(0x4001))
						client.send(f.server, framed)
						peer.want(data)
						peer.send(a.relayed, data)
						client.want(framed)
					}
				}
				f.on(func(*fastpath.Worker) {})
				f.on(func(*fastpath.Worker) {})
				st := f.worker.Stats()
				if got := st.Segmented > 0 && st.Refused > 0; got != (s.gso != fastpath.Off) || total(st.Drops) > 0 {
					t.Errorf("got %d messages segmented, %d refused, drops %v", st.Segmented, st.Refused, st.Drops)
				}
			})
		}
	}
}

// The MTU of a path becomes known while trains flow: what does not fit any more is
// fragmented, nothing is lost, and shorter segments still leave as one message.
func TestTrainsAfterThePathShrank(t *testing.T) {
	n := testnet.New(t)
	for _, ip := range []struct {
		client, server, relay, peer netip.Addr
		fits                        int // longest payload that is not fragmented on the smaller path
	}{
		{testnet.ClientV4, testnet.ServerV4, testnet.RelayV4, testnet.PeerV4, 1272},
		{testnet.ClientV6, testnet.ServerV6, testnet.RelayV6, testnet.PeerV6, 1252},
	} {
		t.Run(fmt.Sprintf("client=%s", ip.client), func(t *testing.T) {
			f := startOn(t, listenIn(t, n.Relay, ip.server), fastpath.Config{})
			f.setOffloads(fastpath.On, fastpath.On)
			client, peer := carrierOn(t, listenIn(t, n.Clients, ip.client)), carrierOn(t, listenIn(t, n.Peers, ip.peer))
			a := f.publishOn(client.addr, listenIn(t, n.Relay, ip.relay))
			f.bind(a, 0x4001, peer.addr)
			both := func(size int) (segmented, refused uint64) {
				t.Helper()
				before := f.settled()
				data := payloads(12, size, size)
				framed := each(data, inChannel(0x4001))
				client.send(f.server, framed)
				peer.want(data)
				peer.send(a.relayed, data)
				client.want(framed)
				after := f.settled()
				if total(after.Drops) > 0 {
					t.Fatalf("size %d: got drops %v, want none", size, after.Drops)
				}
				return after.Segmented - before.Segmented, after.Refused - before.Refused
			}
			if segmented, refused := both(1400); segmented == 0 || refused > 0 {
				t.Errorf("before: got %d messages segmented and %d refused, want none refused", segmented, refused)
			}
			n.Relay.IP(t, fmt.Sprintf("route add %s dev peers mtu 1300", ip.peer), fmt.Sprintf("route add %s dev clients mtu 1300", ip.client))
			if _, refused := both(1400); refused == 0 {
				t.Error("too long for the path: got nothing refused, want it sent packet by packet")
			}
			if segmented, refused := both(ip.fits - wire.ChannelHeaderSize); segmented == 0 || refused > 0 {
				t.Errorf("fitting: got %d messages segmented and %d refused, want none refused", segmented, refused)
			}
		})
	}
}

// A router asks for shorter datagrams: the client is told the MTU, by the first
// one that it sent with DF, and by the next one, which the server keeps.
func TestClientIsToldOfTheMTU(t *testing.T) {
	n := testnet.New(t)
	n.Peers.IP(t, "link add far type veth peer name beyond", "link set beyond up", "link set far mtu 1300 up",
		"addr add 10.9.0.1/24 dev far", "addr add fd09::1/64 dev far nodad")
	n.Peers.Sysctl(t, "net/ipv4/ip_forward", "1")
	n.Peers.Sysctl(t, "net/ipv6/conf/all/forwarding", "1")
	n.Relay.IP(t, "route add 10.9.0.0/24 via 10.2.0.2", "route add fd09::/64 via fd02::2")
	for _, ip := range []struct {
		client, server, relay netip.Addr
		far                   string
		want                  wire.ICMP
		again                 bool
	}{
		{testnet.ClientV4, testnet.ServerV4, testnet.RelayV4, "10.9.0.2:9", wire.ICMP{Type: 3, Code: 4, Data: 1300}, true},
		{testnet.ClientV6, testnet.ServerV6, testnet.RelayV6, "[fd09::2]:9", wire.ICMP{Type: 2, Code: 0, Data: 1300}, false},
	} {
		t.Run(ip.far, func(t *testing.T) {
			f := startOn(t, listenIn(t, n.Relay, ip.server), tellClients)
			client := &endpoint{t: t, conn: n.Clients.ListenUDP(t, netip.AddrPortFrom(ip.client, 0))}
			client.addr = client.conn.LocalAddr().(*net.UDPAddr).AddrPort()
			a := f.publishOn(client.addr, listenIn(t, n.Relay, ip.relay))
			far := netip.MustParseAddrPort(ip.far)
			f.permit(a, far.Addr())
			for round := range 2 {
				if round == 1 && !ip.again {
					break // IPv6 datagrams are fragmented from now on
				}
				client.send(f.server, indicationToPeer(far, payload(1400), true))
				got, _ := client.receive()
				want := far
				if round == 1 {
					want = netip.AddrPortFrom(far.Addr(), 0) // the kernel does not tell
				}
				if peer, icmp := parseICMP(t, got); peer != want || icmp != ip.want {
					t.Errorf("datagram %d: got ICMP %+v for %s, want %+v for %s", round, icmp, peer, ip.want, want)
				}
			}
		})
	}
}

// settled returns the counters when the worker has counted all that it did.
func (f *fixture) settled() fastpath.Stats {
	f.on(func(*fastpath.Worker) {})
	f.on(func(*fastpath.Worker) {})
	return f.worker.Stats()
}

// listenIn opens a socket in a namespace.
func listenIn(t *testing.T, n *testnet.Namespace, ip netip.Addr) *udpbatch.Conn {
	t.Helper()
	var c *udpbatch.Conn
	var err error
	n.Do(func() {
		c, err = udpbatch.Listen(netip.AddrPortFrom(ip, 0), udpbatch.Options{ReceiveBufferBytes: 4 << 20, ErrorQueue: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

//go:build e2e && linux && !portable

package fastpath_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/internal/udpbatch"
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

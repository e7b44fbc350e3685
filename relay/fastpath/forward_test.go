package fastpath_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// families are the ways of a datagram through a relay.
var families = []struct{ client, relay string }{
	{loopback4, loopback4},
	{loopback6, loopback6},
	{loopback4, loopback6},
	{loopback6, loopback4},
}

// sizes are all payload lengths up to what fits an Ethernet frame, with a
// sample in the middle, and long ones around the borders of pages.
func sizes(largest int) []int {
	var list []int
	for n := 0; n <= 1472; n++ {
		if n < 260 || n%13 == 0 || n > 1400 {
			list = append(list, n)
		}
	}
	return append(list, 4095, 4096, 9000, 32768, largest)
}

// largestToPeer and largestToClient are the longest payloads that pass: the
// longest datagram of either side, less the header on the client's.
func largest(client, relay string, overhead int) int {
	limit := func(ip string) int {
		if ip == loopback4 {
			return 65507
		}
		return 65527
	}
	return min(limit(client)-overhead, limit(relay))
}

func TestChannelDataIsExact(t *testing.T) {
	for _, ip := range families {
		t.Run(fmt.Sprintf("client=%s/relay=%s", ip.client, ip.relay), func(t *testing.T) {
			f := start(t, ip.client, fastpath.Config{})
			client, peer := newEndpoint(t, ip.client), newEndpoint(t, ip.relay)
			a := f.publish(client.addr, ip.relay)
			f.bind(a, 0x4001, peer.addr)
			var want fastpath.Traffic
			for _, n := range sizes(largest(ip.client, ip.relay, wire.ChannelHeaderSize)) {
				data := payload(n)
				client.send(f.server, channelData(0x4001, data))
				peer.want(a.relayed, data)
				peer.send(a.relayed, data)
				client.want(f.server, channelData(0x4001, data))
				want.ToPeerPackets++
				want.ToPeerBytes += uint64(n)
			}
			want.ToClientPackets, want.ToClientBytes = want.ToPeerPackets, want.ToPeerBytes
			f.on(func(w *fastpath.Worker) {
				if got := w.Traffic(a.id); got != want {
					t.Errorf("got traffic %+v, want %+v", got, want)
				}
			})
		})
	}
}

func TestIndicationsAreExact(t *testing.T) {
	for _, ip := range families {
		t.Run(fmt.Sprintf("client=%s/relay=%s", ip.client, ip.relay), func(t *testing.T) {
			f := start(t, ip.client, fastpath.Config{})
			client, peer := newEndpoint(t, ip.client), newEndpoint(t, ip.relay)
			a := f.publish(client.addr, ip.relay)
			f.permit(a, peer.addr.Addr())
			// The indication is padded to four bytes, which must fit as well.
			overhead := wire.DataOverhead(peer.addr.Addr())
			for _, n := range sizes(min(largest(ip.client, ip.relay, overhead), 0xFFFC+wire.HeaderSize-overhead) &^ 3) {
				data := payload(n)
				client.send(f.server, sendIndication(peer.addr, data))
				peer.want(a.relayed, data)
				peer.send(a.relayed, data)
				message, from := client.receive()
				source, got := parseData(t, message)
				if from != f.server || source != peer.addr || !bytes.Equal(got, data) {
					t.Fatalf("size %d: got %d bytes of %s from %s, want those of %s", n, len(got), source, from, peer.addr)
				}
			}
		})
	}
}

// ChannelData may be padded over UDP; the padding is not data.
func TestChannelDataPadding(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	client, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4001, peer.addr)
	client.send(f.server, append(channelData(0x4001, []byte("hello")), 0, 0, 0))
	peer.want(a.relayed, []byte("hello"))
}

// TestOrder sends bursts of many flows and compares each flow's sequence.
func TestOrder(t *testing.T) {
	const flows, burst, bursts = 8, 8, 50
	f := start(t, loopback4, fastpath.Config{})
	peer := newEndpoint(t, loopback4)
	clients := make([]*endpoint, flows)
	relays := make(map[netip.AddrPort]int)
	allocations := make([]allocation, flows)
	for i := range clients {
		clients[i] = newEndpoint(t, loopback4)
		allocations[i] = f.publish(clients[i].addr, loopback4)
		f.bind(allocations[i], 0x4001, peer.addr)
		relays[allocations[i].relayed] = i
	}
	var sent, received [flows]int
	for range bursts {
		for range burst {
			for i, c := range clients {
				c.send(f.server, channelData(0x4001, fmt.Appendf(nil, "%d", sent[i])))
				sent[i]++
			}
		}
		for range flows * burst {
			got, from := peer.receive()
			i := relays[from]
			if want := fmt.Sprint(received[i]); string(got) != want {
				t.Fatalf("flow %d to peer: got packet %s, want %s", i, got, want)
			}
			received[i]++
			peer.send(from, got)
		}
		for i, c := range clients {
			for n := sent[i] - burst; n < sent[i]; n++ {
				c.want(f.server, channelData(0x4001, fmt.Appendf(nil, "%d", n)))
			}
		}
	}
}

// Two allocations reach each other by their relayed transport addresses, and by
// the external ones where the server is behind a NAT.
func TestRelayToRelay(t *testing.T) {
	external := netip.MustParseAddr("203.0.113.5")
	for _, test := range []struct {
		name    string
		aliases []fastpath.Alias
	}{
		{"plain", nil},
		{"aliased", []fastpath.Alias{{External: external, Local: netip.MustParseAddr(loopback4)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, loopback4, fastpath.Config{})
			f.on(func(w *fastpath.Worker) { w.SetAliases(test.aliases) })
			shown := func(a allocation) netip.AddrPort {
				if test.aliases == nil {
					return a.relayed
				}
				return netip.AddrPortFrom(external, a.relayed.Port())
			}
			alice, bob := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
			a, b := f.publish(alice.addr, loopback4), f.publish(bob.addr, loopback4)
			f.bind(a, 0x4001, shown(b))
			f.permit(b, shown(a).Addr())

			alice.send(f.server, channelData(0x4001, []byte("to bob")))
			message, _ := bob.receive()
			if peer, data := parseData(t, message); peer != shown(a) || string(data) != "to bob" {
				t.Errorf("got %q from %s, want \"to bob\" from %s", data, peer, shown(a))
			}
			bob.send(f.server, sendIndication(shown(a), []byte("to alice")))
			alice.want(f.server, channelData(0x4001, []byte("to alice")))
		})
	}
}

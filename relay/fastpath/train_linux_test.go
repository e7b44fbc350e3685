//go:build !portable

package fastpath_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// switches are the ways to set the two features.
var switches = []struct{ gso, gro fastpath.Switch }{
	{fastpath.Off, fastpath.Off},
	{fastpath.On, fastpath.Off},
	{fastpath.Off, fastpath.On},
	{fastpath.On, fastpath.On},
	{fastpath.Auto, fastpath.Auto},
}

// shapes are trains: how many packets, of which size, and the size of the last.
func shapes() [][3]int {
	var list [][3]int
	for packets := 2; packets <= 64; packets++ {
		list = append(list, [3]int{packets, 172, 172}, [3]int{packets, 171, 3})
	}
	for _, size := range []int{1, 2, 4, 1000, 1200, 1452, 1468, 1469, 1472, 1473, 1500, 8968} {
		list = append(list, [3]int{7, size, size}, [3]int{7, size, max(1, size-1)})
	}
	return list
}

// Trains pass byte by byte and in order, in both directions and all families,
// whatever is switched on, and are counted as packets.
func TestTrainsAreExact(t *testing.T) {
	for _, ip := range families {
		for _, s := range switches {
			t.Run(fmt.Sprintf("client=%s/relay=%s/gso=%d/gro=%d", ip.client, ip.relay, s.gso, s.gro), func(t *testing.T) {
				f := start(t, ip.client, fastpath.Config{})
				f.setOffloads(s.gso, s.gro)
				client, peer := newCarrier(t, ip.client), newCarrier(t, ip.relay)
				a := f.publish(client.addr, ip.relay)
				f.bind(a, 0x4001, peer.addr)
				var want fastpath.Traffic
				for _, shape := range shapes() {
					data := payloads(shape[0], shape[1], shape[2])
					framed := each(data, inChannel(0x4001))
					client.send(f.server, framed)
					peer.want(data)
					peer.send(a.relayed, data)
					client.want(framed)
					want.ToPeerPackets += uint64(len(data))
					want.ToPeerBytes += uint64((shape[0]-1)*shape[1] + shape[2])
				}
				want.ToClientPackets, want.ToClientBytes = want.ToPeerPackets, want.ToPeerBytes
				f.on(func(w *fastpath.Worker) {
					if got := w.Traffic(a.id); got != want {
						t.Errorf("got traffic %+v, want %+v", got, want)
					}
				})
				f.on(func(*fastpath.Worker) {}) // the round that counted is over
				st := f.worker.Stats()
				if got := st.GSO && st.Segmented > 0; got != (s.gso != fastpath.Off) {
					t.Errorf("got GSO %t, %d messages segmented", st.GSO, st.Segmented)
				}
				if got := st.GRO && st.Trains > 0; got != (s.gro != fastpath.Off) {
					t.Errorf("got GRO %t, %d trains", st.GRO, st.Trains)
				}
			})
		}
	}
}

// Indications in trains are forwarded one by one, in order, with padding.
func TestIndicationTrainsAreExact(t *testing.T) {
	for _, ip := range families {
		for _, s := range switches {
			t.Run(fmt.Sprintf("client=%s/relay=%s/gso=%d/gro=%d", ip.client, ip.relay, s.gso, s.gro), func(t *testing.T) {
				f := start(t, ip.client, fastpath.Config{})
				f.setOffloads(s.gso, s.gro)
				client, peer := newCarrier(t, ip.client), newCarrier(t, ip.relay)
				a := f.publish(client.addr, ip.relay)
				f.permit(a, peer.addr.Addr())
				for _, shape := range [][3]int{{2, 10, 10}, {64, 173, 1}, {64, 172, 172}, {33, 174, 174}, {9, 1400, 1399}} {
					data := payloads(shape[0], shape[1], shape[2])
					client.send(f.server, each(data, func(p []byte) []byte { return sendIndication(peer.addr, p) }))
					peer.want(data)
					peer.send(a.relayed, data)
					var got [][]byte
					for _, message := range client.collect(len(data)) {
						source, p := parseData(t, message)
						if source != peer.addr {
							t.Fatalf("got data of %s, want that of %s", source, peer.addr)
						}
						got = append(got, p)
					}
					wantSame(t, got, data)
				}
			})
		}
	}
}

// A refused run, on either side, costs nothing but time.
func TestLadder(t *testing.T) {
	for _, ip := range []string{loopback4, loopback6} {
		for _, errno := range []syscall.Errno{
			syscall.EIO, syscall.EINVAL, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EMSGSIZE, syscall.ENOBUFS,
		} {
			t.Run(fmt.Sprintf("ip=%s/errno=%d", ip, errno), func(t *testing.T) {
				f := start(t, ip, fastpath.Config{})
				f.setOffloads(fastpath.On, fastpath.On)
				client, peer := newCarrier(t, ip), newCarrier(t, ip)
				a := f.publish(client.addr, ip)
				f.bind(a, 0x4001, peer.addr)
				refuse := func(op udpbatch.Op, entries int) (int, syscall.Errno) {
					if op == udpbatch.OpSendRun {
						return 0, errno
					}
					return min(entries, 3), 0
				}
				f.on(func(*fastpath.Worker) {
					a.relay.SetFault(refuse)
					f.listener.SetFault(refuse)
				})
				for _, shape := range [][3]int{{2, 172, 172}, {64, 172, 100}, {40, 1000, 1000}} {
					data := payloads(shape[0], shape[1], shape[2])
					framed := each(data, inChannel(0x4001))
					client.send(f.server, framed)
					peer.want(data)
					peer.send(a.relayed, data)
					client.want(framed)
				}
				f.on(func(*fastpath.Worker) {})
				f.on(func(*fastpath.Worker) {})
				st := f.worker.Stats()
				if st.Refused == 0 || st.Segmented != 0 || total(st.Drops) != 0 || st.ToPeerPackets != 106 || st.ToClientPackets != 106 {
					t.Errorf("got %+v, want 106 packets each way, none dropped, none segmented", st)
				}
			})
		}
	}
}

// Packets of one client to several peers, in turn, leave as one message for each
// peer, in their order.
func TestInterleavedPeersAreGrouped(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	f.setOffloads(fastpath.On, fastpath.Off)
	client := newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	const peers, packets = 3, 8
	var list [peers]*carrier
	var want [peers][][]byte
	for i := range list {
		list[i] = newCarrier(t, loopback4)
		f.bind(a, 0x4001+uint16(i), list[i].addr)
	}
	f.holdBatch(func() {
		for n := range packets {
			for i := range list {
				data := []byte{byte(i), byte(n)}
				want[i] = append(want[i], data)
				client.send(f.server, channelData(0x4001+uint16(i), data))
			}
		}
	})
	for i, peer := range list {
		peer.want(want[i])
	}
	f.on(func(*fastpath.Worker) {})
	f.on(func(*fastpath.Worker) {})
	if st := f.worker.Stats(); st.Segments != peers*packets || st.Segmented != peers {
		t.Errorf("got %d messages of %d packets segmented, want %d of %d", st.Segmented, st.Segments, peers, peers*packets)
	}
}

// More packets come at once than can wait: they pass in parts, in order.
func TestManyTrainsAtOnce(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	f.setOffloads(fastpath.On, fastpath.On)
	client, peer := newCarrier(t, loopback4), newCarrier(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4001, peer.addr)
	data := payloads(40*64, 20, 20)
	framed := each(data, inChannel(0x4001))
	f.holdBatch(func() { client.send(f.server, framed) })
	peer.want(data)
	f.holdBatch(func() { peer.send(a.relayed, data) })
	client.want(framed)
}

// The switches work while trains are on their way, and lose none of those that
// have arrived.
func TestOffloadsAreLive(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	client, peer := newCarrier(t, loopback4), newCarrier(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4001, peer.addr)
	for range 3 {
		for _, s := range switches {
			data := payloads(100, 100, 50)
			framed := each(data, inChannel(0x4001))
			f.on(func(w *fastpath.Worker) {
				client.send(f.server, framed)
				peer.send(a.relayed, data)
				w.SetOffloads(s.gso, s.gro)
			})
			peer.want(data)
			client.want(framed)
			f.on(func(*fastpath.Worker) {})
			if st := f.worker.Stats(); st.GSO != (s.gso != fastpath.Off) || st.GRO != (s.gro != fastpath.Off) || total(st.Drops) > 0 {
				t.Errorf("%+v: got GSO %t, GRO %t, drops %v", s, st.GSO, st.GRO, st.Drops)
			}
		}
	}
}

// Auto asks for trains only where many datagrams of one source come at once.
func TestAutoFollowsTheLoad(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	client, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4001, peer.addr)
	trains := func() (listener, relay bool) {
		f.on(func(*fastpath.Worker) { listener, relay = f.listener.Trains(), a.relay.Trains() })
		return listener, relay
	}
	for range 50 {
		client.send(f.server, channelData(0x4001, []byte("voice")))
		peer.want(a.relayed, []byte("voice"))
		peer.send(a.relayed, []byte("voice"))
		client.want(f.server, channelData(0x4001, []byte("voice")))
	}
	f.holdBatch(func() {
		others := []*endpoint{newEndpoint(t, loopback4), newEndpoint(t, loopback4)}
		for i := range 40 {
			others[i%2].send(f.server, []byte("flow"))
			others[i%2].send(a.relayed, []byte("flow"))
		}
	})
	f.wantDrops(fastpath.DropMalformed, 40)
	if listener, relay := trains(); listener || relay {
		t.Errorf("sparse: got trains %t on the listening socket, %t on the relay socket, want none", listener, relay)
	}
	eventually(t, func() bool {
		f.holdBatch(func() {
			for range 20 {
				client.send(f.server, channelData(0x4001, []byte("bulk")))
				peer.send(a.relayed, []byte("bulk"))
			}
		})
		listener, relay := trains()
		return listener && relay
	})
}

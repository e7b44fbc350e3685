//go:build !portable

package fastpath

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// fillTrains receives a train of so many equal datagrams into all slots.
func fillTrains(tb testing.TB, recv *udpbatch.RecvBatch, datagram []byte, packets int) {
	tb.Helper()
	c, err := udpbatch.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udpbatch.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	if err := c.SetTrains(true); err != nil {
		tb.Fatal(err)
	}
	to, send := udpbatch.AddrOf(c.Local()), udpbatch.NewSendBatch(1, packets)
	send.SetSegmentation(udpbatch.SegmentAll)
	for range packets {
		send.Append(datagram, &to)
	}
	for slot := range recv.Len() {
		if s := c.Send(send); s.Failed > 0 {
			tb.Fatal(send.Err(0))
		}
		for deadline := time.Now().Add(10 * time.Second); c.Recv(recv, slot, 1).Packets == 0; {
			if time.Now().After(deadline) {
				tb.Fatal("the train did not arrive")
			}
		}
		if recv.Segment(slot) != len(datagram) {
			tb.Fatalf("got segments of %d bytes, want %d", recv.Segment(slot), len(datagram))
		}
	}
}

const benchTrain = 64

// trainKinds are the ways of trains, each slot from another random allocation.
var trainKinds = []struct {
	name    string
	prepare func(tb testing.TB, b *bench, size int)
	forward func(b *bench, trains int)
}{
	{"dir=toPeer/kind=channel", func(tb testing.TB, b *bench, size int) {
		datagram := make([]byte, wire.ChannelHeaderSize+size)
		wire.PutChannelHeader(datagram, benchNumber, size)
		fillTrains(tb, b.up.recv, datagram, benchTrain)
	}, (*bench).trainsToPeers},
	{"dir=toClient/kind=channel", func(tb testing.TB, b *bench, size int) {
		fillTrains(tb, b.down.recv, make([]byte, size), benchTrain)
	}, (*bench).trainsToClients},
	{"dir=toClient/kind=data", func(tb testing.TB, b *bench, size int) {
		for _, id := range b.ids {
			b.Unbind(id, benchNumber)
		}
		fillTrains(tb, b.down.recv, make([]byte, size), benchTrain)
	}, (*bench).trainsToClients},
}

func (b *bench) trainsToPeers(trains int) {
	for slot := range trains {
		b.up.from[slot] = b.clients[b.rnd.IntN(len(b.clients))]
		b.trainFromClient(b.listener.id, view{slot, wire.Headroom, b.up.recv.Size(slot)}, b.up.recv.Segment(slot))
	}
	b.flushPeers()
}

func (b *bench) trainsToClients(trains int) {
	for slot := range trains {
		i := b.rnd.IntN(len(b.ids))
		b.down.from = b.peers[i]
		b.trainFromPeer(b.ids[i], b.tables.allocations.at(b.ids[i]), slot, b.down.recv.Segment(slot))
	}
	b.flushClients()
}

// BenchmarkForwardTrains measures the own work for each packet of a train.
func BenchmarkForwardTrains(b *testing.B) {
	const trains, size = 4, 200
	for _, kind := range trainKinds {
		b.Run(kind.name+"/size=200/train=64/table=1000", func(b *testing.B) {
			w := newBench(b, 1000)
			kind.prepare(b, w, size)
			b.ReportAllocs()
			for b.Loop() {
				kind.forward(w, trains)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*trains*benchTrain), "ns/packet")
			if drops := w.counters.local[countDrops:]; sumOf(drops) > 0 {
				b.Errorf("got drops %v", drops)
			}
		})
	}
}

func sumOf(list []uint64) (sum uint64) {
	for _, n := range list {
		sum += n
	}
	return sum
}

package udpbatch_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// BenchmarkSendRecv sends and receives a batch on loopback: what a datagram
// costs in the kernel.
func BenchmarkSendRecv(b *testing.B) {
	for _, packets := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("size=200/batch=%d", packets), func(b *testing.B) {
			var conns [2]*udpbatch.Conn
			for i := range conns {
				c, err := udpbatch.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udpbatch.Options{})
				if err != nil {
					b.Fatal(err)
				}
				defer c.Close()
				conns[i] = c
			}
			recv, err := udpbatch.NewRecvBatch(udpbatch.Layout{Slots: 64, Headroom: 64, Size: 65535, Tailroom: 8})
			if err != nil {
				b.Fatal(err)
			}
			defer recv.Close()
			send := udpbatch.NewSendBatch(packets, packets)
			to, packet := udpbatch.AddrOf(conns[1].Local()), make([]byte, 200)
			for range packets {
				send.Append(packet, &to)
			}
			b.ReportAllocs()
			for b.Loop() {
				conns[0].Send(send)
				for got := 0; got < packets; {
					got += conns[1].Recv(recv, 0, packets-got).Packets
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
		})
	}
}

package wire_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func BenchmarkWalk(b *testing.B) {
	for _, bench := range []struct {
		name    string
		message []byte
	}{
		{"message=binding", rawMessage(bindingRequest, nil)},
		{"message=allocate", sampleAllocate()},
		{"message=everything", sampleEverything()},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var m wire.Message
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.message)))
			for b.Loop() {
				m.Walk(bench.message)
			}
		})
	}
}

func BenchmarkCheckIntegrity(b *testing.B) {
	m := walk(b, sampleAllocate())
	b.Run("hash=sha1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.CheckIntegrity(sampleKey)
		}
	})
	m256 := walk(b, sampleCreatePermission())
	b.Run("hash=sha256", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m256.CheckIntegritySHA256(sampleKey)
		}
	})
}

var packetSizes = []int{60, 200, 1200, 1400}

func BenchmarkParseChannelData(b *testing.B) {
	for _, size := range packetSizes {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			packet := make([]byte, wire.ChannelHeaderSize+size)
			wire.PutChannelHeader(packet, 0x4001, size)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				wire.ParseChannelData(packet)
			}
		})
	}
}

func BenchmarkParseSend(b *testing.B) {
	for _, peer := range []netip.AddrPort{samplePeer, samplePeer6} {
		for _, size := range packetSizes {
			b.Run(fmt.Sprintf("family=%d/size=%d", wire.FamilyOf(peer.Addr()), size), func(b *testing.B) {
				packet := sampleSend(peer, make([]byte, size))
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					wire.ParseSend(packet)
				}
			})
		}
	}
}

func BenchmarkPutData(b *testing.B) {
	for _, peer := range []netip.AddrPort{samplePeer, samplePeer6} {
		for _, size := range packetSizes {
			b.Run(fmt.Sprintf("family=%d/size=%d", wire.FamilyOf(peer.Addr()), size), func(b *testing.B) {
				buf := dirty(make([]byte, size))
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					wire.PutData(buf, wire.Headroom, size, peer, &sampleID)
				}
			})
		}
	}
}

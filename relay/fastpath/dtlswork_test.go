package fastpath

import (
	"crypto/sha256"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/ciphersuite"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/dtls/v3/pkg/protocol/recordlayer"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// doneHandshake is a handshake that has ended.
type doneHandshake struct{}

func (doneHandshake) Deliver([]byte) bool { return false }
func (doneHandshake) Release() uint64     { return 1 }

// secureBench adds a client of DTLS with an allocation and a channel to a bench,
// and returns what seals its records: another implementation of the same cipher.
func secureBench(tb testing.TB, b *bench) (s *clientStream, id AllocationID, seal func(sequence uint64, payload []byte) []byte) {
	tb.Helper()
	b.streams.limits = StreamLimits{AuthenticationTimeout: time.Hour, UnauthenticatedBytes: 1 << 40, IdleTimeout: time.Hour}
	b.dtls = newDTLSTable(DTLS{Cookies: dtls.NewCookies()})
	client := netip.MustParseAddrPort("10.200.0.1:40000")
	p := &dtlsPeer{path: dtlsPath{udpbatch.AddrOf(client), b.listener.id}, pending: &pendingDTLS{id: 1, handshake: doneHandshake{}}}
	b.dtls.byPath[p.path], b.dtls.byID[1] = p, p
	keys := dtls.Keys{Suite: dtls.SuiteECDSAWithAES128, MasterSecret: make([]byte, 48)}
	sid, err := b.EstablishDTLS(1, DTLSResult{Keys: keys})
	if err != nil {
		tb.Fatal(err)
	}
	id, err = b.Publish(Allocation{Client: client, Stream: sid, Relay: udpbatch.Discard(client), Lifetime: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	peer := b.peers[0].AddrPort()
	if err := b.Permit(id, peer.Addr(), time.Hour, false); err != nil {
		tb.Fatal(err)
	}
	if err := b.Bind(id, benchNumber, peer, time.Hour, false); err != nil {
		tb.Fatal(err)
	}
	material, err := prf.GenerateEncryptionKeys(keys.MasterSecret, keys.ClientRandom[:], keys.ServerRandom[:], 0, 16, 4, sha256.New)
	if err != nil {
		tb.Fatal(err)
	}
	gcm, err := ciphersuite.NewGCM(material.ClientWriteKey, material.ClientWriteIV, material.ServerWriteKey, material.ServerWriteIV)
	if err != nil {
		tb.Fatal(err)
	}
	return b.streams.get(sid), id, func(sequence uint64, payload []byte) []byte {
		record := &recordlayer.RecordLayer{
			Header:  recordlayer.Header{Version: protocol.Version1_2, Epoch: 1, SequenceNumber: sequence},
			Content: &protocol.ApplicationData{Data: payload},
		}
		raw, err := record.Marshal()
		if err != nil {
			tb.Fatal(err)
		}
		sealed, err := gcm.Encrypt(record, raw)
		if err != nil {
			tb.Fatal(err)
		}
		return sealed
	}
}

// put puts a datagram into a slot, as if it had come from a client.
func (b *bench) put(slot int, from udpbatch.Addr, datagram []byte) view {
	b.up.from[slot] = from
	copy(b.up.recv.Slot(slot)[wire.Headroom:], datagram)
	return view{slot, wire.Headroom, len(datagram)}
}

// channelFrame is ChannelData of n bytes by the channel of a bench.
func channelFrame(n int) []byte {
	frame := make([]byte, wire.ChannelHeaderSize+n)
	wire.PutChannelHeader(frame, benchNumber, n)
	return frame
}

// BenchmarkDTLS is what a record costs in either direction, without system calls.
func BenchmarkDTLS(b *testing.B) {
	for _, size := range []int{160, 1200} {
		frame := channelFrame(size)
		b.Run("dir=toPeer/size="+sizeName(size), func(b *testing.B) {
			w := newBench(b, 1)
			s, _, seal := secureBench(b, w)
			var records [batchPackets][]byte
			var sequence uint64
			b.SetBytes(int64(size))
			for done := 0; done < b.N; done += batchPackets {
				b.StopTimer()
				for i := range records {
					records[i] = seal(sequence, frame)
					sequence++
				}
				b.StartTimer()
				for slot, record := range records {
					if reason := w.fromClient(w.listener.id, w.put(slot, s.secure.client, record)); reason != dropNone {
						b.Fatal(reason)
					}
				}
				w.flushPeers()
			}
		})
		b.Run("dir=toClient/size="+sizeName(size), func(b *testing.B) {
			w := newBench(b, 1)
			s, id, _ := secureBench(b, w)
			a := w.tables.allocations.at(id)
			b.SetBytes(int64(size))
			for done := 0; done < b.N; done += batchPackets {
				for range batchPackets {
					if reason := w.queueToSecure(id, a, s, size, frame[:wire.ChannelHeaderSize], frame[wire.ChannelHeaderSize:], nil); reason != dropNone {
						b.Fatal(reason)
					}
				}
				w.flushClients()
			}
		})
	}
}

func sizeName(n int) string {
	if n < 1000 {
		return "small"
	}
	return "large"
}

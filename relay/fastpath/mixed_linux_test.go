//go:build !portable

package fastpath_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// mixedScene is an allocation with a channel to each of two peers, and one to a
// port that is refused.
type mixedScene struct {
	*fixture
	client, first, second *carrier
	a                     allocation
}

const refusedPort = 9

func newMixedScene(t *testing.T, gro fastpath.Switch, change func(*fastpath.Allocation)) *mixedScene {
	t.Helper()
	buckets := bucket.NewArray(1)
	if _, ok := buckets.Reserve(8, time.Second); !ok { // a byte per second: the first datagram takes all
		t.Fatal("got no bucket")
	}
	s := &mixedScene{client: newCarrier(t, loopback4), first: newCarrier(t, loopback4), second: newCarrier(t, loopback4)}
	s.fixture = start(t, loopback4, fastpath.Config{
		Buckets:     buckets,
		PeerAllowed: func(_ fastpath.AllocationID, peer netip.AddrPort) bool { return peer.Port() != refusedPort },
	})
	s.setOffloads(fastpath.On, gro)
	if change == nil {
		change = func(*fastpath.Allocation) {}
	}
	s.a = s.publish(s.client.addr, loopback4, change)
	s.bind(s.a, 0x4001, s.first.addr)
	s.bind(s.a, 0x4002, s.second.addr)
	s.on(func(w *fastpath.Worker) {
		if err := w.Bind(s.a.id, 0x4005, netip.AddrPortFrom(s.first.addr.Addr(), refusedPort), minute, true); err != nil {
			t.Error(err)
		}
	})
	return s
}

// wantRelayed waits until so many datagrams were forwarded, handed over or
// dropped.
func (s *mixedScene) wantRelayed(packets int) {
	s.t.Helper()
	eventually(s.t, func() bool {
		st := s.worker.Stats()
		return st.ToPeerPackets+st.ToClientPackets+st.Messages+total(st.Drops) >= uint64(packets)
	})
}

// outcome is all that can be seen of what a client sent.
type outcome struct {
	First, Second [][]byte // what the peers received
	Traffic       fastpath.Traffic
	Drops         [fastpath.NumDropReasons]uint64
	Messages      uint64
}

func (s *mixedScene) outcome() outcome {
	o := outcome{First: s.first.receive(), Second: s.second.receive()}
	s.on(func(w *fastpath.Worker) { o.Traffic = w.Traffic(s.a.id) })
	st := s.worker.Stats()
	o.Drops, o.Messages = st.Drops, st.Messages
	return o
}

// mixedSize is the size of all datagrams of a mixed train: the shortest Send
// indication with four bytes for an IPv4 peer.
const mixedSize = 40

// maker makes a datagram of mixedSize for the first peer.
type maker func(peer netip.AddrPort) []byte

// filling returns bytes of no meaning.
func filling(n int) []byte { return bytes.Repeat([]byte{0x5A}, n) }

// announcing makes ChannelData that announces so many bytes.
func announcing(number uint16, n int) maker {
	return func(netip.AddrPort) []byte {
		b := channelData(number, filling(mixedSize-wire.ChannelHeaderSize))
		wire.PutChannelHeader(b, number, n)
		return b
	}
}

// starting makes a datagram of another protocol.
func starting(first byte) maker {
	return func(netip.AddrPort) []byte { return append([]byte{first}, filling(mixedSize-1)...) }
}

func indication(peer netip.AddrPort) []byte { return sendIndication(peer, filling(4)) }

func bindingRequest(netip.AddrPort) []byte {
	var b wire.Builder
	b.Request(wire.MethodBinding, [wire.TransactionIDSize]byte{9})
	b.Software("sixteen letters.")
	return bytes.Clone(b.Bytes())
}

// Trains of which the datagrams differ give what the same datagrams give that
// come one by one: what arrives, what is dropped and why, and every counter.
func TestMixedTrains(t *testing.T) {
	one, two, refused := announcing(0x4001, 36), announcing(0x4002, 36), announcing(0x4005, 36)
	limit := func(a *fastpath.Allocation) { a.ToPeer = 1 }
	for _, test := range []struct {
		name    string
		packets []maker
		change  func(*fastpath.Allocation)
		arrive  int
	}{
		{"two channels", []maker{one, two, two, one, two}, nil, 5},
		{"padded", []maker{one, announcing(0x4001, 33), announcing(0x4001, 34), one, announcing(0x4001, 0)}, nil, 5},
		{"malformed", []maker{one, announcing(0x4001, 37), one, announcing(0x4002, 0xFFFF), two}, nil, 3},
		{"unbound", []maker{announcing(0x4003, 36), one, announcing(0x4004, 36), announcing(0x6000, 36), two}, nil, 2},
		{"requests", []maker{one, bindingRequest, one, announcing(0x4003, 36), bindingRequest, two}, nil, 3},
		{"indications", []maker{indication, one, indication, indication, two}, nil, 5},
		{"other protocols", []maker{starting(22), one, starting(5), starting(200), two}, nil, 2},
		{"port refused", []maker{one, refused, refused, one, refused}, nil, 2},
		{"rate to peer", []maker{one, one, two, one, indication}, limit, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var outcomes []outcome
			for _, gro := range []fastpath.Switch{fastpath.Off, fastpath.On} {
				s := newMixedScene(t, gro, test.change)
				var packets [][]byte
				for _, make := range test.packets {
					packets = append(packets, make(s.first.addr))
				}
				s.client.send(s.server, packets)
				s.wantRelayed(len(packets))
				o := s.outcome()
				if got := len(o.First) + len(o.Second); got != test.arrive {
					t.Errorf("got %d datagrams at the peers, want %d", got, test.arrive)
				}
				if got := s.worker.Stats().TrainPackets; (got == uint64(len(packets))) != (gro == fastpath.On) {
					t.Errorf("gro=%d: got %d packets in trains", gro, got)
				}
				outcomes = append(outcomes, o)
			}
			if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
				t.Errorf("trains differ from single datagrams (-single +train):\n%s", diff)
			}
		})
	}
}

// Trains of requests bring more of them than a batch has slots; each is answered,
// in order.
func TestTrainsOfRequests(t *testing.T) {
	const requests = 3 * 64
	f := start(t, loopback4, fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			w.Reply(&batch[i], batch[i].Data[wire.HeaderSize:])
		}
	}})
	f.setOffloads(fastpath.On, fastpath.On)
	client := newCarrier(t, loopback4)
	var packets, answers [][]byte
	for range requests {
		var b wire.Builder
		b.Request(wire.MethodBinding, [wire.TransactionIDSize]byte{})
		b.Attribute(wire.AttrSoftware, payload(100))
		packets = append(packets, bytes.Clone(b.Bytes()))
		answers = append(answers, bytes.Clone(b.Bytes()[wire.HeaderSize:]))
	}
	f.holdBatch(func() { client.send(f.server, packets) })
	client.want(answers)
}

// Trains from a peer, too, give what single datagrams give.
func TestTrainsFromPeers(t *testing.T) {
	const packets = 10
	for _, test := range []struct {
		name   string
		change func(*fastpath.Allocation)
		before func(s *mixedScene)
		arrive int
	}{
		{"channel", nil, func(*mixedScene) {}, packets},
		{"indication", nil, func(s *mixedScene) {
			s.on(func(w *fastpath.Worker) { w.Unbind(s.a.id, 0x4001) })
		}, packets},
		{"revoked", nil, func(s *mixedScene) {
			s.on(func(w *fastpath.Worker) { w.Revoke(s.a.id, s.first.addr.Addr()) })
		}, 0},
		{"rate to client", func(a *fastpath.Allocation) { a.ToClient = 1 }, func(*mixedScene) {}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var outcomes []outcome
			for _, gro := range []fastpath.Switch{fastpath.Off, fastpath.On} {
				s := newMixedScene(t, gro, test.change)
				test.before(s)
				s.first.send(s.a.relayed, slices.Repeat([][]byte{filling(100)}, packets))
				s.wantRelayed(packets)
				if got := len(s.client.receive()); got != test.arrive {
					t.Errorf("got %d datagrams at the client, want %d", got, test.arrive)
				}
				outcomes = append(outcomes, s.outcome())
			}
			if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
				t.Errorf("trains differ from single datagrams (-single +train):\n%s", diff)
			}
		})
	}
}

package fastpath_test

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// scene is a worker with a client that has a channel and a permission for peer.
type scene struct {
	*fixture
	client, peer *endpoint
	a            allocation
}

// failing makes every send of a socket fail.
func failing(errno syscall.Errno) udpbatch.Fault {
	return func(op udpbatch.Op, entries int) (int, syscall.Errno) {
		if op == udpbatch.OpSend {
			return 0, errno
		}
		return entries, 0
	}
}

// failRelay makes every send of the relay socket fail.
func (s *scene) failRelay(errno syscall.Errno) {
	s.on(func(*fastpath.Worker) { s.a.relay.SetFault(failing(errno)) })
}

const dropNumber = 0x4001

func TestEveryDropReason(t *testing.T) {
	toPeer := func(s *scene) { s.client.send(s.server, channelData(dropNumber, payload(100))) }
	toClient := func(s *scene) { s.peer.send(s.a.relayed, payload(100)) }
	stranger := netip.MustParseAddrPort("127.0.0.9:9")
	tests := []struct {
		name   string
		reason fastpath.DropReason
		// counted says whether the allocation must count the drop too.
		counted bool
		do      func(s *scene)
	}{
		{"unknown first byte", fastpath.DropUnknownProtocol, false, func(s *scene) { s.client.send(s.server, []byte{200, 1, 2, 3}) }},
		{"empty datagram", fastpath.DropUnknownProtocol, false, func(s *scene) { s.client.send(s.server, nil) }},
		{"channel number of RFC 5766", fastpath.DropUnknownProtocol, false, func(s *scene) { s.client.send(s.server, channelData(0x5000, nil)) }},
		{"DTLS record", fastpath.DropDTLS, false, func(s *scene) { s.client.send(s.server, []byte{22, 254, 253, 0}) }},
		{"ChannelData longer than its datagram", fastpath.DropMalformed, false, func(s *scene) { s.client.send(s.server, []byte{0x40, 1, 0, 9, 1}) }},
		{"ChannelData without a header", fastpath.DropMalformed, false, func(s *scene) { s.client.send(s.server, []byte{0x40, 1, 0}) }},
		{"Send of a stranger", fastpath.DropNoAllocation, false, func(s *scene) {
			newEndpoint(s.t, loopback4).send(s.server, sendIndication(s.peer.addr, nil))
		}},
		{"expired allocation to peer", fastpath.DropNoAllocation, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Extend(s.a.id, 0) })
			toPeer(s)
		}},
		{"expired allocation to client", fastpath.DropNoAllocation, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Extend(s.a.id, 0) })
			toClient(s)
		}},
		{"channel of another client", fastpath.DropNoChannel, false, func(s *scene) {
			newEndpoint(s.t, loopback4).send(s.server, channelData(dropNumber, nil))
		}},
		{"unbound channel", fastpath.DropNoChannel, false, func(s *scene) { s.client.send(s.server, channelData(0x4002, nil)) }},
		{"removed channel", fastpath.DropNoChannel, false, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Unbind(s.a.id, dropNumber) })
			toPeer(s)
		}},
		{"Send without permission", fastpath.DropNoPermission, true, func(s *scene) {
			s.client.send(s.server, sendIndication(stranger, nil))
		}},
		{"Send to an IPv4 address in IPv6 form", fastpath.DropNoPermission, true, func(s *scene) {
			mapped := netip.AddrPortFrom(netip.AddrFrom16(s.peer.addr.Addr().As16()), s.peer.addr.Port())
			s.client.send(s.server, sendIndication(mapped, nil))
		}},
		{"datagram of a stranger", fastpath.DropNoPermission, true, func(s *scene) {
			newEndpoint(s.t, "127.0.0.2").send(s.a.relayed, []byte("x"))
		}},
		{"channel without permission to peer", fastpath.DropNoPermission, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Revoke(s.a.id, s.peer.addr.Addr()) })
			toPeer(s)
		}},
		{"channel without permission to client", fastpath.DropNoPermission, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Revoke(s.a.id, s.peer.addr.Addr()) })
			toClient(s)
		}},
		{"forbidden port by channel", fastpath.DropPeerForbidden, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Bind(s.a.id, dropNumber, s.peer.addr, minute, true) })
			toPeer(s)
		}},
		{"forbidden port by Send", fastpath.DropPeerForbidden, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.Permit(s.a.id, s.peer.addr.Addr(), minute, true) })
			s.client.send(s.server, sendIndication(s.peer.addr, nil))
		}},
		{"forbidden port of a peer", fastpath.DropPeerForbidden, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) {
				w.Unbind(s.a.id, dropNumber)
				w.Permit(s.a.id, s.peer.addr.Addr(), minute, true)
			})
			toClient(s)
		}},
		{"rate to peer", fastpath.DropRateToPeer, true, func(s *scene) { toPeer(s); toPeer(s) }},
		{"rate to client", fastpath.DropRateToClient, true, func(s *scene) { toClient(s); toClient(s) }},
		{"packets to peer", fastpath.DropPacketsToPeer, true, func(s *scene) { toPeer(s); toPeer(s) }},
		{"packets to client", fastpath.DropPacketsToClient, true, func(s *scene) { toClient(s); toClient(s) }},
		{"rate of the user to peer", fastpath.DropUserToPeer, true, func(s *scene) { toPeer(s); toPeer(s) }},
		{"rate of the user to client", fastpath.DropUserToClient, true, func(s *scene) { toClient(s); toClient(s) }},
		{"rate of the tenant to peer", fastpath.DropTenantToPeer, true, func(s *scene) { toPeer(s); toPeer(s) }},
		{"rate of the tenant to client", fastpath.DropTenantToClient, true, func(s *scene) { toClient(s); toClient(s) }},
		{"rate of the realm to peer", fastpath.DropRealmToPeer, true, func(s *scene) { toPeer(s); toPeer(s) }},
		{"rate of the realm to client", fastpath.DropRealmToClient, true, func(s *scene) { toClient(s); toClient(s) }},
		{"rate of the server to peer", fastpath.DropServerToPeer, true, func(s *scene) { toPeer(s); toPeer(s) }},
		{"rate of the server to client", fastpath.DropServerToClient, true, func(s *scene) { toClient(s); toClient(s) }},
		{"too long with its header", fastpath.DropTooLong, true, func(s *scene) { s.peer.send(s.a.relayed, payload(65507)) }},
		{"too long for the link", fastpath.DropTooLong, true, func(s *scene) { s.failRelay(syscall.EMSGSIZE); toPeer(s) }},
		{"full socket", fastpath.DropSendBufferFull, true, func(s *scene) { s.failRelay(syscall.EAGAIN); toPeer(s) }},
		{"no buffers", fastpath.DropNoBuffers, true, func(s *scene) { s.failRelay(syscall.ENOBUFS); toPeer(s) }},
		{"no memory", fastpath.DropNoBuffers, true, func(s *scene) { s.failRelay(syscall.ENOMEM); toPeer(s) }},
		{"refused for good", fastpath.DropUnreachable, true, func(s *scene) { s.failRelay(syscall.ECONNREFUSED); toPeer(s) }},
		{"no route", fastpath.DropUnreachable, true, func(s *scene) { s.failRelay(syscall.ENETUNREACH); toPeer(s) }},
		{"device error", fastpath.DropSendError, true, func(s *scene) { s.failRelay(syscall.EIO); toPeer(s) }},
		{"full socket to client", fastpath.DropSendBufferFull, true, func(s *scene) {
			s.on(func(*fastpath.Worker) { s.listener.SetFault(failing(syscall.EAGAIN)) })
			toClient(s)
		}},
		{"listener gone", fastpath.DropNoListener, true, func(s *scene) {
			s.on(func(w *fastpath.Worker) { w.RemoveListener(listenerID) })
			toClient(s)
		}},
	}
	reached := make(map[fastpath.DropReason]bool)
	for _, test := range tests {
		reached[test.reason] = true
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t, test.reason)
			test.do(s)
			s.wantDrops(test.reason, 1)
			want := uint64(0)
			if test.counted {
				want = 1
			}
			s.on(func(w *fastpath.Worker) {
				if got := w.Traffic(s.a.id).Dropped; got != want {
					t.Errorf("got %d drops on the allocation, want %d", got, want)
				}
			})
			if got := s.worker.Stats().Drops; total(got) != 1 {
				t.Errorf("got drops %v, want only the one", got)
			}
		})
	}
	reached[fastpath.DropClientBacklog] = true // by TestBackPressure
	// By TestProxiedDrops.
	reached[fastpath.DropProxyUntrusted], reached[fastpath.DropProxyHeader] = true, true
	for _, test := range dtlsDrops {
		reached[test.reason] = true // by TestDTLSDrops
	}
	for r := range fastpath.NumDropReasons {
		if r > 0 && !reached[fastpath.DropReason(r)] {
			t.Errorf("no case reaches %s", fastpath.DropReason(r))
		}
	}
}

func total(drops [fastpath.NumDropReasons]uint64) (sum uint64) {
	for _, n := range drops {
		sum += n
	}
	return sum
}

func newScene(t *testing.T, reason fastpath.DropReason) *scene {
	t.Helper()
	buckets := bucket.NewArray(1)
	limited, _ := buckets.Reserve(8, time.Second) // a byte per second: the first datagram takes all
	s := &scene{client: newEndpoint(t, loopback4), peer: newEndpoint(t, loopback4)}
	s.fixture = start(t, loopback4, fastpath.Config{
		Buckets:     buckets,
		PeerAllowed: func(fastpath.AllocationID, netip.AddrPort) bool { return false },
	})
	s.a = s.publish(s.client.addr, loopback4, func(a *fastpath.Allocation) {
		switch reason {
		case fastpath.DropRateToPeer:
			a.ToPeer = limited
		case fastpath.DropRateToClient:
			a.ToClient = limited
		case fastpath.DropPacketsToPeer:
			a.Terms = fastpath.Terms{ToPeerPacketsPerSecond: 1, PacketBurst: time.Millisecond}
		case fastpath.DropPacketsToClient:
			a.Terms = fastpath.Terms{ToClientPacketsPerSecond: 1, PacketBurst: time.Millisecond}
		}
		if shared := int(reason) - int(fastpath.DropUserToPeer); shared >= 0 {
			a.Terms.PacketBurst = time.Second
			if shared%2 == 0 {
				a.Terms.SharedToPeer[shared/2] = limited
			} else {
				a.Terms.SharedToClient[shared/2] = limited
			}
		}
	})
	s.bind(s.a, dropNumber, s.peer.addr)
	return s
}

// packetByPacket keeps packets that follow one another from being one entry.
func (s *scene) packetByPacket() {
	s.t.Helper()
	s.on(func(w *fastpath.Worker) { w.SetOffloads(fastpath.Off, fastpath.Off) })
}

// With wide channel numbers those of RFC 5766 work like the others.
func TestWideChannelNumbers(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{WideChannelNumbers: true})
	client, peer := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x7FFE, peer.addr)
	client.send(f.server, channelData(0x7FFE, []byte("wide")))
	peer.want(a.relayed, []byte("wide"))
}

// Names are part of metrics: each reason has one, and no two share it.
func TestDropReasonNames(t *testing.T) {
	seen := make(map[string]bool)
	for r := range fastpath.NumDropReasons {
		name := fastpath.DropReason(r).String()
		if name == "" || seen[name] {
			t.Errorf("reason %d: got name %q, want one of its own", r, name)
		}
		seen[name] = true
	}
	if got := fastpath.DropReason(200).String(); got != "invalid" {
		t.Errorf("got %q for a number that is no reason, want \"invalid\"", got)
	}
}

// What a send failed to take away is not counted as traffic.
func TestFailedPacketsAreNoTraffic(t *testing.T) {
	s := newScene(t, 0)
	s.packetByPacket()
	s.failRelay(syscall.EIO)
	for range 3 {
		s.client.send(s.server, channelData(dropNumber, payload(10)))
	}
	s.wantDrops(fastpath.DropSendError, 3)
	s.on(func(*fastpath.Worker) { s.a.relay.SetFault(nil) })
	s.client.send(s.server, channelData(dropNumber, []byte("after")))
	s.peer.want(s.a.relayed, []byte("after"))
	var got fastpath.Traffic
	s.on(func(w *fastpath.Worker) { got = w.Traffic(s.a.id) })
	if want := (fastpath.Traffic{ToPeerPackets: 1, ToPeerBytes: 5, Dropped: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s.on(func(*fastpath.Worker) {}) // the round that counted is over
	if st := s.worker.Stats(); st.ToPeerPackets != 1 || st.ToPeerBytes != 5 {
		t.Errorf("got %d packets, %d bytes, want 1 and 5", st.ToPeerPackets, st.ToPeerBytes)
	}
}

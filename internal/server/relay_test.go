package server_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/allocation"
)

func TestChannelCarriesBothWays(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	relayed := cl.allocate()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4ABC), peer(f.peer)), 0)
	for _, size := range []int{0, 1, 2, 3, 4, 5, 160, 1200, 1472, 9000} {
		payload := randomBytes(size)
		cl.send(channelData(0x4ABC, payload))
		got, from := f.receiveFromRelay(t)
		if !bytes.Equal(got, payload) || from != relayed {
			t.Errorf("size %d to peer: got %d bytes from %s, want the payload from %s", size, len(got), from, relayed)
		}
		f.sendToRelay(t, relayed, payload)
		if got, want := cl.receiveRaw(), channelData(0x4ABC, payload); !bytes.Equal(got, want) {
			t.Errorf("size %d to client: got % x…, want % x…", size, got[:4], want[:4])
		}
	}
}

func TestIndicationsCarryBothWays(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	relayed := cl.allocate()
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	for _, size := range []int{0, 1, 2, 3, 4, 5, 160, 1200, 1472, 9000} {
		payload := randomBytes(size)
		send := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			peer(f.peer), raw(stun.AttrData, payload...))
		cl.send(send.Raw)
		got, from := f.receiveFromRelay(t)
		if !bytes.Equal(got, payload) || from != relayed {
			t.Errorf("size %d to peer: got %d bytes from %s, want the payload from %s", size, len(got), from, relayed)
		}
		f.sendToRelay(t, relayed, payload)
		data := cl.receive()
		if data.Type != stun.NewType(stun.MethodData, stun.ClassIndication) ||
			text(data, stun.AttrData) != string(payload) || xorAddr(t, data, stun.AttrXORPeerAddress) != f.peer {
			t.Errorf("size %d to client: got %s, want a Data indication from %s", size, data, f.peer)
		}
	}
}

// Two allocations of one server reach each other, also when one names the
// external address of a 1:1 NAT, and nothing else of the server is reachable.
func TestRelayToRelay(t *testing.T) {
	external := netip.MustParseAddr("203.0.113.7")
	for _, nat := range []bool{false, true} {
		f := start(t, func(o *options) {
			if nat {
				o.external = external
				o.settings.AllowPeers = nil
				o.settings.DenyPeers = []allocation.Rule{rule(t, "127.0.0.0/8")} // the inside of the NAT
			}
		})
		alice, bob := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "bob", "builder")
		a, b := alice.allocate(), bob.allocate()
		if nat && (a.Addr() != external || b.Addr() != external) {
			t.Fatalf("got relayed transport addresses %s and %s, want them on %s", a, b, external)
		}
		alice.wantCode(alice.do(stun.MethodChannelBind, channelNumber(0x4000), peer(b)), 0)
		bob.wantCode(bob.do(stun.MethodCreatePermission, peer(a)), 0)

		alice.send(channelData(0x4000, []byte("hello bob")))
		data := bob.receive()
		if got := text(data, stun.AttrData); got != "hello bob" || xorAddr(t, data, stun.AttrXORPeerAddress) != a {
			t.Errorf("nat %t: got %q from %s, want the greeting from %s", nat, got, xorAddr(t, data, stun.AttrXORPeerAddress), a)
		}
		bob.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			peer(a), raw(stun.AttrData, []byte("hello alice")...)).Raw)
		if got, want := alice.receiveRaw(), channelData(0x4000, []byte("hello alice")); !bytes.Equal(got, want) {
			t.Errorf("nat %t: got %q, want %q", nat, got, want)
		}

		// The server's own listener is no peer, even where a rule allows its address.
		own := netip.AddrPortFrom(f.addr.Addr(), f.addr.Port())
		alice.wantCode(alice.do(stun.MethodChannelBind, channelNumber(0x4001), peer(own)), 403)
		if nat { // An own address that no rule allows is a peer only where an allocation lives.
			bob.do(stun.MethodRefresh, lifetime(0))
			alice.wantCode(alice.do(stun.MethodChannelBind, channelNumber(0x4002), peer(b)), 403)
		}
	}
}

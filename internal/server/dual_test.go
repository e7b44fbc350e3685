package server_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// allocateDual makes a dual allocation and returns its relayed transport
// addresses.
func (c *client) allocateDual(attrs ...stun.Setter) (v4, v6 netip.AddrPort) {
	c.t.Helper()
	answer := c.do(stun.MethodAllocate, append([]stun.Setter{requestedTransport(17), additionalFamily(2)}, attrs...)...)
	c.wantCode(answer, 0)
	relayed := relayedAddresses(c.t, answer)
	if len(relayed) != 2 || !relayed[0].Addr().Is4() || !relayed[1].Addr().Is6() {
		c.t.Fatalf("got relayed transport addresses %v, want one of IPv4 and one of IPv6", relayed)
	}
	return relayed[0], relayed[1]
}

// relayedAddresses reads every XOR-RELAYED-ADDRESS of an answer.
func relayedAddresses(t *testing.T, answer *stun.Message) []netip.AddrPort {
	t.Helper()
	var list []netip.AddrPort
	err := answer.ForEach(stun.AttrXORRelayedAddress, func(m *stun.Message) error {
		list = append(list, xorAddr(t, m, stun.AttrXORRelayedAddress))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wantAddressError checks an ADDRESS-ERROR-CODE (RFC 8656 section 18.12).
func wantAddressError(t *testing.T, answer *stun.Message, family byte, code int) {
	t.Helper()
	value, err := answer.Get(0x8001)
	if err != nil || len(value) < 4 || value[0] != family || int(value[2]&7)*100+int(value[3]) != code {
		t.Errorf("got ADDRESS-ERROR-CODE % x, %v, want family %d and code %d", value, err, family, code)
	}
}

// openPeer6 opens a peer on IPv6 loopback.
func openPeer6(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(answerTimeout))
	return conn
}

func addrOf(conn *net.UDPConn) netip.AddrPort { return conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func TestDualAllocationRelaysBothFamilies(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	v4, v6 := cl.allocateDual()
	peer6 := openPeer6(t)

	// One CreatePermission for both families, then a channel in each.
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer), peer(addrOf(peer6))), 0)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4002), peer(addrOf(peer6))), 0)

	cl.send(channelData(0x4001, []byte("four")))
	if got, from := f.receiveFromRelay(t); string(got) != "four" || from != v4 {
		t.Errorf("IPv4 peer: got %q from %s, want \"four\" from %s", got, from, v4)
	}
	f.sendToRelay(t, v4, []byte("back"))
	if got := cl.receiveRaw(); string(got) != string(channelData(0x4001, []byte("back"))) {
		t.Errorf("from IPv4 peer: got % x", got)
	}
	cl.send(channelData(0x4002, []byte("six6")))
	b := make([]byte, 100)
	n, from, err := peer6.ReadFromUDPAddrPort(b)
	if err != nil || string(b[:n]) != "six6" || from != v6 {
		t.Errorf("IPv6 peer: got %q from %s, %v, want \"six6\" from %s", b[:n], from, err, v6)
	}
	if _, err := peer6.WriteToUDPAddrPort([]byte("back"), v6); err != nil {
		t.Fatal(err)
	}
	if got := cl.receiveRaw(); string(got) != string(channelData(0x4002, []byte("back"))) {
		t.Errorf("from IPv6 peer: got % x", got)
	}

	// A Send indication finds the family of its peer by itself.
	other6 := openPeer6(t)
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(addrOf(other6))), 0)
	cl.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peer(addrOf(other6)), raw(stun.AttrData, []byte("sent")...)).Raw)
	n, from, err = other6.ReadFromUDPAddrPort(b)
	if err != nil || string(b[:n]) != "sent" || from != v6 {
		t.Errorf("Send to IPv6 peer: got %q from %s, %v", b[:n], from, err)
	}
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

func TestDualAllocationIsOneInAnswersAndQuota(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Quota = quota.Limits{UserAllocations: 1} })
	cl := dial(t, f.addr, "alice", "wonderland")
	request := cl.signed(stun.MethodAllocate, requestedTransport(17), additionalFamily(2))
	first := cl.roundTrip(request)
	cl.wantCode(first, 0)
	if again := cl.roundTrip(request); string(again.Raw) != string(first.Raw) {
		t.Errorf("sent again: got % x, want the first answer % x", again.Raw, first.Raw)
	}
	if live := f.server.Stats().Quota.Live; live != 1 {
		t.Errorf("got %d allocations counted, want 1", live)
	}
	second := dial(t, f.addr, "alice", "wonderland")
	second.wantCode(second.do(stun.MethodAllocate, requestedTransport(17)), 486)

	// Half of it still counts; all of it gone, it does not.
	cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(1), lifetime(0)), 0)
	second.wantCode(second.do(stun.MethodAllocate, requestedTransport(17)), 486)
	cl.wantCode(cl.roundTrip(request), 437) // no retransmission any more
	cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(2), lifetime(0)), 0)
	f.wantNothingHeld(t)
	second.allocate()
}

func TestDualAllocationFamiliesEndApart(t *testing.T) {
	for _, ends := range []struct {
		name       string
		gone, left byte
	}{{"IPv4 first", 1, 2}, {"IPv6 first", 2, 1}} {
		t.Run(ends.name, func(t *testing.T) {
			f := start(t)
			cl := dial(t, f.addr, "alice", "wonderland")
			cl.allocateDual()
			peers := map[byte]*net.UDPConn{1: f.conn, 2: openPeer6(t)}
			cl.wantCode(cl.do(stun.MethodCreatePermission, peer(addrOf(peers[1])), peer(addrOf(peers[2]))), 0)
			cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4001), peer(addrOf(peers[ends.gone]))), 0)
			cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4002), peer(addrOf(peers[ends.left]))), 0)

			cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(ends.gone), lifetime(0)), 0)
			cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(ends.gone)), 443)
			cl.wantCode(cl.do(stun.MethodCreatePermission, peer(addrOf(peers[ends.gone]))), 443)
			cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4003), peer(addrOf(peers[ends.gone]))), 443)
			cl.send(channelData(0x4001, []byte("lost")))
			f.wantDrops(t, fastpath.DropNoChannel, 1)

			cl.send(channelData(0x4002, []byte("kept")))
			b := make([]byte, 100)
			peers[ends.left].SetReadDeadline(time.Now().Add(answerTimeout))
			if n, _, err := peers[ends.left].ReadFromUDPAddrPort(b); err != nil || string(b[:n]) != "kept" {
				t.Errorf("the other family: got %q, %v, want \"kept\"", b[:n], err)
			}
			cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(ends.left)), 0)
			cl.wantCode(cl.do(stun.MethodRefresh), 0)
			cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
			cl.wantCode(cl.do(stun.MethodRefresh), 437)
			f.wantNothingHeld(t)
		})
	}
}

func TestDualAllocationSharesChannelNumbers(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocateDual()
	peer6 := addrOf(openPeer6(t))
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4001), peer(peer6)), 400)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4002), peer(peer6)), 0)
}

func TestDualAllocationPermitsAllOrNone(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Allocation.MaxPermissions = 1 })
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocateDual()
	peer6 := openPeer6(t)
	// The bound of one family refuses the permission of the other, too.
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(addrOf(peer6)), peer(f.peer), peer(netip.MustParseAddrPort("127.0.0.2:9"))), 508)
	cl.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peer(addrOf(peer6)), raw(stun.AttrData, 1)).Raw)
	f.wantDrops(t, fastpath.DropNoPermission, 1)
}

func TestDualAllocationGetsWhatThereIs(t *testing.T) {
	t.Run("no relay address of IPv6", func(t *testing.T) {
		f := start(t, func(o *options) { o.external = netip.MustParseAddr("127.0.0.9") })
		cl := dial(t, f.addr, "alice", "wonderland")
		request := cl.signed(stun.MethodAllocate, requestedTransport(17), additionalFamily(2))
		answer := cl.roundTrip(request)
		cl.wantCode(answer, 0)
		if relayed := relayedAddresses(t, answer); len(relayed) != 1 || !relayed[0].Addr().Is4() {
			t.Errorf("got %v, want one IPv4 address", relayed)
		}
		wantAddressError(t, answer, 2, 440)
		if again := cl.roundTrip(request); string(again.Raw) != string(answer.Raw) {
			t.Errorf("sent again: got % x, want the first answer % x", again.Raw, answer.Raw)
		}
		cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(2)), 443)
	})
	t.Run("no port of IPv4", func(t *testing.T) {
		f := start(t, func(o *options) { o.minPort, o.maxPort = 22020, 22020 })
		single := dial(t, f.addr, "bob", "builder")
		single.allocate()
		cl := dial(t, f.addr, "alice", "wonderland")
		answer := cl.do(stun.MethodAllocate, requestedTransport(17), additionalFamily(2))
		cl.wantCode(answer, 0)
		if relayed := relayedAddresses(t, answer); len(relayed) != 1 || !relayed[0].Addr().Is6() {
			t.Errorf("got %v, want one IPv6 address", relayed)
		}
		wantAddressError(t, answer, 1, 508)
	})
	t.Run("no port of either", func(t *testing.T) {
		f := start(t, func(o *options) { o.minPort, o.maxPort = 22021, 22021 })
		dial(t, f.addr, "bob", "builder").allocateDual()
		cl := dial(t, f.addr, "alice", "wonderland")
		cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17), additionalFamily(2)), 508)
	})
}

func TestDualAllocationsLeaveNothingBehind(t *testing.T) {
	f := start(t, func(o *options) { o.minPort, o.maxPort = 22030, 22045 })
	cl := dial(t, f.addr, "alice", "wonderland")
	for i := range 2000 {
		cl.allocateDual(raw(stun.AttrEvenPort, 0))
		if i%2 == 0 {
			cl.wantCode(cl.do(stun.MethodRefresh, requestedFamily(byte(1+i/2%2)), lifetime(0)), 0)
		}
		cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	}
	f.wantNothingHeld(t)
}

// The number that ADDITIONAL-ADDRESS-FAMILY had before RFC 8656 means the same.
func TestDualAllocationByTheNumberOfTheDraft(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	answer := cl.do(stun.MethodAllocate, requestedTransport(17), raw(0x8032, 2, 0, 0, 0))
	if relayed := relayedAddresses(t, answer); len(relayed) != 2 {
		t.Errorf("got relayed transport addresses %v, want two", relayed)
	}
}

package server_test

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Every encoding of a denied address gets 403, by permission and by channel.
func TestDeniedPeers(t *testing.T) {
	f := start(t, func(o *options) { o.settings.AllowPeers = nil })
	six := dial(t, f.addr, "alice", "wonderland")
	six.allocate(requestedFamily(2))
	four := dial(t, f.addr, "alice", "wonderland")
	four.allocate()
	cases := []struct{ name, addr string }{
		{"loopback", "127.0.0.1"},
		{"loopback, last", "127.255.255.255"},
		{"this host", "0.0.0.0"},
		{"this network", "0.1.2.3"},
		{"private", "10.1.2.3"},
		{"private", "172.31.255.255"},
		{"private", "192.168.0.1"},
		{"carrier-grade NAT", "100.64.0.1"},
		{"metadata service", "169.254.169.254"},
		{"benchmarking", "198.18.0.1"},
		{"multicast", "224.0.0.1"},
		{"reserved", "240.0.0.1"},
		{"broadcast", "255.255.255.255"},
		{"IPv6 loopback", "::1"},
		{"IPv6 unspecified", "::"},
		{"link-local", "fe80::1"},
		{"site-local", "fec0::1"},
		{"unique local", "fd00:ec2::254"},
		{"IPv6 multicast", "ff02::1"},
		{"mapped loopback", "::ffff:127.0.0.1"},
		{"mapped private", "::ffff:10.1.2.3"},
		{"compatible loopback", "::127.0.0.1"},
		{"6to4 loopback", "2002:7f00:1::"},
		{"NAT64 loopback", "64:ff9b::7f00:1"},
		{"NAT64 private", "64:ff9b::a01:203"},
		{"local NAT64 loopback", "64:ff9b:1::7f00:1"},
		{"Teredo loopback", "2001:0:4136:e378:8000:63bf:80ff:fffe"},
		{"ISATAP private", "2001:470::5efe:10.1.2.3"},
	}
	number := uint16(0x4000)
	for _, c := range cases {
		t.Run(c.name+" "+c.addr, func(t *testing.T) {
			addr := netip.MustParseAddr(c.addr)
			cl := four
			if addr.Is6() {
				cl = six
			}
			target := peer6(netip.AddrPortFrom(addr, 9))
			cl.wantCode(cl.do(stun.MethodCreatePermission, target), 403)
			cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(number), target), 403)
			number++
		})
	}
	denied := uint64(0)
	for _, n := range f.server.Stats().PeersDenied {
		denied += n
	}
	if want := uint64(2 * len(cases)); denied != want {
		t.Errorf("got %d refusals counted by rule, want %d", denied, want)
	}
}

func TestPermissionRefusals(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	good := peer(f.peer)
	bad := peer(netip.MustParseAddrPort("169.254.169.254:80"))
	other := peer6(netip.MustParseAddrPort("[2606:4700::1111]:53"))
	cases := []struct {
		name   string
		method stun.Method
		attrs  []stun.Setter
		want   int
	}{
		{"permission without peer", stun.MethodCreatePermission, nil, 400},
		{"permission with a short peer", stun.MethodCreatePermission, []stun.Setter{raw(stun.AttrXORPeerAddress, 0, 1)}, 400},
		{"permission of the other family", stun.MethodCreatePermission, []stun.Setter{other}, 443},
		{"permissions, one denied", stun.MethodCreatePermission, []stun.Setter{good, bad}, 403},
		{"permission after integrity", stun.MethodCreatePermission, []stun.Setter{good}, 0},
		{"channel without number", stun.MethodChannelBind, []stun.Setter{good}, 400},
		{"channel without peer", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4000)}, 400},
		{"channel number too low", stun.MethodChannelBind, []stun.Setter{channelNumber(0x3FFF), good}, 400},
		{"channel number too high", stun.MethodChannelBind, []stun.Setter{channelNumber(0x5000), good}, 400},
		{"channel to port 0", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4000), peer(netip.AddrPortFrom(f.peer.Addr(), 0))}, 400},
		{"channel of the other family", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4000), other}, 443},
		{"channel", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4000), good}, 0},
		{"same channel again", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4000), good}, 0},
		{"second channel for the peer", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4001), good}, 400},
		{"channel for another peer", stun.MethodChannelBind, []stun.Setter{channelNumber(0x4000), peer(netip.AddrPortFrom(f.peer.Addr(), 9))}, 400},
		{"refresh of the other family", stun.MethodRefresh, []stun.Setter{requestedFamily(2)}, 443},
		{"refresh of its family", stun.MethodRefresh, []stun.Setter{requestedFamily(1)}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl.wantCode(cl.do(c.method, c.attrs...), c.want)
		})
	}
}

// One denied address installs none of the permissions of a request.
func TestDeniedPermissionInstallsNone(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	relayed := cl.allocate()
	bad := peer(netip.MustParseAddrPort("169.254.169.254:80"))
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer), bad), 403)
	f.sendToRelay(t, relayed, []byte("unwanted"))
	f.wantDrops(t, fastpath.DropNoPermission, 1)
	cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	f.sendToRelay(t, relayed, []byte("wanted"))
	data := cl.receive()
	if got := text(data, stun.AttrData); got != "wanted" {
		t.Errorf("got data %q, want only what came after the permission", got)
	}
}

func TestPermissionCap(t *testing.T) {
	f := start(t, func(o *options) {
		o.settings.Allocation = allocation.DefaultConfig()
		o.settings.Allocation.MaxPermissions = 2
	})
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	for i, want := range []int{0, 0, 508} {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 9, 9, byte(i)}), 53)
		cl.wantCode(cl.do(stun.MethodCreatePermission, peer(addr)), want)
	}
}

// An attribute behind MESSAGE-INTEGRITY is not signed and must not count.
func TestAttributesBehindIntegrityAreIgnored(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	request := cl.signed(stun.MethodRefresh, lifetime(900))
	if err := lifetime(0).AddTo(request); err != nil {
		t.Fatal(err)
	}
	answer := cl.roundTrip(request)
	cl.wantCode(answer, 0)
	if got := seconds(t, answer); got != 900 {
		t.Errorf("got LIFETIME %d, want the signed 900", got)
	}
	empty := cl.signed(stun.MethodCreatePermission)
	if err := peer(f.peer).AddTo(empty); err != nil {
		t.Fatal(err)
	}
	cl.wantCode(cl.roundTrip(empty), 400)
}

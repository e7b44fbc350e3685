//go:build !portable

package udpbatch

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// RFC 8656 section 11.5 names the types of ICMP that clients are told; the rest
// is counted and forgotten.
func TestNoticesOfOtherTypes(t *testing.T) {
	four, six := netip.MustParseAddrPort("192.0.2.1:9"), netip.MustParseAddrPort("[2001:db8::1]:9")
	for _, c := range []struct {
		name string
		e    unix.SockExtendedErr
		to   netip.AddrPort
		want []Notice
	}{
		{"port unreachable", unix.SockExtendedErr{Origin: originICMP, Type: 3, Code: 3, Info: 7}, four, []Notice{{Type: 3, Code: 3}}},
		{"time exceeded", unix.SockExtendedErr{Origin: originICMP, Type: 11}, four, []Notice{{Type: 11}}},
		{"fragmentation needed", unix.SockExtendedErr{Origin: originICMP, Type: 3, Code: 4, Info: 1280}, four, []Notice{{Type: 3, Code: 4, MTU: 1280}}},
		{"too long for this host", unix.SockExtendedErr{Origin: originLocal, Errno: uint32(unix.EMSGSIZE), Info: 1400}, four, []Notice{{Type: 3, Code: 4, MTU: 1400}}},
		{"source quench", unix.SockExtendedErr{Origin: originICMP, Type: 4}, four, nil},
		{"parameter problem", unix.SockExtendedErr{Origin: originICMP, Type: 12}, four, nil},
		{"another local error", unix.SockExtendedErr{Origin: originLocal, Errno: uint32(unix.ENETUNREACH)}, four, nil},
		{"IPv6 unreachable", unix.SockExtendedErr{Origin: originICMP6, Type: 1, Code: 4}, six, []Notice{{Type: 1, Code: 4}}},
		{"IPv6 too big", unix.SockExtendedErr{Origin: originICMP6, Type: 2, Info: 1280}, six, []Notice{{Type: 2, MTU: 1280}}},
		{"IPv6 too long for this host", unix.SockExtendedErr{Origin: originLocal, Errno: uint32(unix.EMSGSIZE), Info: 1400}, six, []Notice{{Type: 2, MTU: 1400}}},
		{"IPv6 time exceeded", unix.SockExtendedErr{Origin: originICMP6, Type: 3, Code: 1}, six, []Notice{{Type: 3, Code: 1}}},
		{"IPv6 parameter problem", unix.SockExtendedErr{Origin: originICMP6, Type: 4}, six, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := NewNotices()
			var to sockaddr
			addr := AddrOf(c.to)
			to.put(&addr)
			for range 2 { // the second one says nothing new
				n.judge(c.e, &to)
			}
			if len(n.All()) != len(c.want) {
				t.Fatalf("got %+v, want %+v", n.All(), c.want)
			}
			for i, want := range c.want {
				want.Peer = addr
				if n.All()[i] != want {
					t.Errorf("got %+v, want %+v", n.All()[i], want)
				}
			}
		})
	}
}

// A list that is full leaves out what comes, and has room again after Reset.
func TestNoticesAreBounded(t *testing.T) {
	n := NewNotices()
	fill := func() {
		for i := range 10 * keptNotices {
			n.add(Notice{Code: uint8(i)})
		}
	}
	for range 2 {
		fill()
		if got := len(n.All()); got != keptNotices {
			t.Errorf("got %d notices kept, want %d", got, keptNotices)
		}
		n.Reset()
	}
}

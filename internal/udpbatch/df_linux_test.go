//go:build !portable

package udpbatch

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// DF follows DontFragment on IPv4, and is off to begin with.
func TestDontFragment(t *testing.T) {
	c, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	check := func(want int) {
		t.Helper()
		got, err := unix.GetsockoptInt(c.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER)
		if err != nil || got != want {
			t.Errorf("got IP_MTU_DISCOVER %d, error %v, want %d", got, err, want)
		}
	}
	check(unix.IP_PMTUDISC_DONT)
	for on, want := range map[bool]int{true: unix.IP_PMTUDISC_DO, false: unix.IP_PMTUDISC_DONT} {
		if err := c.DontFragment(on); err != nil {
			t.Fatal(err)
		}
		check(want)
	}
	c6, err := Listen(netip.MustParseAddrPort("[::1]:0"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c6.Close()
	if err := c6.DontFragment(true); err != nil {
		t.Errorf("got error %v on IPv6, want it ignored", err)
	}
}

// Slots must not all begin in the same sets of the cache.
func TestStrideSpreadsOverCacheSets(t *testing.T) {
	const sets = 64
	l := Layout{Slots: sets, Headroom: 64, Size: 65535, Tailroom: 8}
	seen := make(map[int]bool)
	for i := range sets {
		offset := i * l.stride()
		if offset%cacheLine != 0 {
			t.Fatalf("slot %d begins at %d, want whole cache lines", i, offset)
		}
		seen[offset/cacheLine%sets] = true
	}
	if len(seen) != sets {
		t.Errorf("got %d of %d cache sets used, want all", len(seen), sets)
	}
}

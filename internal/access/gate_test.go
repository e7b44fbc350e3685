package access_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/internal/access"
)

func prefixes(t testing.TB, texts ...string) []netip.Prefix {
	t.Helper()
	var list []netip.Prefix
	for _, text := range texts {
		prefix, err := access.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, prefix)
	}
	return list
}

func newBans(t testing.TB) *access.Bans {
	t.Helper()
	bans, err := access.OpenBans(nil)
	if err != nil {
		t.Fatal(err)
	}
	return bans
}

func ban(t testing.TB, bans *access.Bans, prefix string, lasts time.Duration) access.Ban {
	t.Helper()
	b := access.Ban{Prefix: prefixes(t, prefix)[0], Until: time.Now().Add(lasts)}
	if err := bans.Add(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJudge(t *testing.T) {
	bans := newBans(t)
	ban(t, bans, "198.51.100.0/24", time.Hour)
	ban(t, bans, "10.66.0.0/16", time.Hour)
	ban(t, bans, "10.9.0.0/16", time.Hour)
	gate := access.NewGate(bans)
	check := func(want map[string]access.Verdict) {
		t.Helper()
		for addr, verdict := range want {
			if got := gate.Judge(netip.MustParseAddr(addr)); got != verdict {
				t.Errorf("%s: got %s, want %s", addr, got, verdict)
			}
		}
	}
	check(map[string]access.Verdict{
		"10.9.1.1": access.Banned, "192.0.2.1": access.Admitted, "2001:db8::1": access.Admitted, "198.51.100.9": access.Banned,
	})
	gate.SetLists(access.Lists{
		Allow: prefixes(t, "10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "fe80::/10"),
		Deny:  prefixes(t, "10.9.0.0/16", "2001:db8:bad::/48"),
	})
	check(map[string]access.Verdict{
		"10.0.0.0":          access.Admitted,
		"10.255.255.255":    access.Admitted,
		"11.0.0.0":          access.Denied, // in none of Allow
		"10.9.1.1":          access.Denied, // in both lists, and banned
		"10.66.1.1":         access.Banned,
		"198.51.100.9":      access.Denied, // neither allowed nor not banned
		"192.0.2.7":         access.Admitted,
		"192.0.2.8":         access.Denied,
		"::ffff:192.0.2.7":  access.Admitted,
		"::ffff:10.9.1.1":   access.Denied,
		"::ffff:10.66.1.1":  access.Banned,
		"2001:db8::1":       access.Admitted,
		"2001:db8:bad::1":   access.Denied,
		"2001:db9::1":       access.Denied,
		"fe80::1%eth0":      access.Admitted,
		"64:ff9b::10.0.0.1": access.Denied, // not an address of IPv4 here
	})
	gate.SetLists(access.Lists{Deny: prefixes(t, "0.0.0.0/0")})
	check(map[string]access.Verdict{"192.0.2.7": access.Denied, "2001:db8::1": access.Admitted})
}

// A Gate that is not there, and one without bans, admit.
func TestGateOfNobody(t *testing.T) {
	var none *access.Gate
	for _, gate := range []*access.Gate{none, access.NewGate(nil)} {
		if got := gate.Judge(netip.MustParseAddr("192.0.2.1")); got != access.Admitted {
			t.Errorf("got %s, want everybody admitted", got)
		}
	}
}

// However prefixes lie in each other, look-ups say what a look at each of them does.
func TestJudgeIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	address := func() netip.Addr {
		if random.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, byte(random.IntN(4)), byte(random.IntN(256)), byte(random.IntN(256))})
		}
		return netip.AddrFrom16([16]byte{0x20, 0x01, byte(random.IntN(2)), byte(random.IntN(256)), 15: byte(random.IntN(256))})
	}
	for range 300 {
		var deny []netip.Prefix
		for range random.IntN(60) {
			addr := address()
			prefix, _ := addr.Prefix(random.IntN(addr.BitLen() + 1))
			deny = append(deny, prefix)
		}
		gate := access.NewGate(nil)
		gate.SetLists(access.Lists{Deny: deny})
		for range 200 {
			addr := address()
			want := access.Admitted
			if slices.ContainsFunc(deny, func(p netip.Prefix) bool { return p.Contains(addr) }) {
				want = access.Denied
			}
			if got := gate.Judge(addr); got != want {
				t.Fatalf("%s among %v: got %s, want %s", addr, deny, got, want)
			}
		}
	}
}

// The ban around a shorter one counts when that is over.
func TestBansInBansEndEachByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bans := newBans(t)
		ban(t, bans, "192.0.2.0/24", 3*time.Hour)
		ban(t, bans, "192.0.2.0/28", time.Hour)
		ban(t, bans, "192.0.2.7", 2*time.Hour)
		gate := access.NewGate(bans)
		judge := func(addr string) access.Verdict { return gate.Judge(netip.MustParseAddr(addr)) }
		for hour, count := range []int{3, 2, 1} {
			if got := bans.Count(); judge("192.0.2.7") != access.Banned || judge("192.0.2.200") != access.Banned || got != count {
				t.Errorf("after %d hours: got %s and %d bans, want banned and %d", hour, judge("192.0.2.7"), got, count)
			}
			time.Sleep(time.Hour)
			if hour == 1 {
				bans.Sweep()
			}
		}
		if got := bans.Count(); judge("192.0.2.7") != access.Admitted || got != 0 {
			t.Errorf("at last: got %s and %d bans, want admitted and none", judge("192.0.2.7"), got)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	b.Run("bans=0", func(b *testing.B) {
		gate, client := access.NewGate(newBans(b)), netip.MustParseAddr("198.51.200.7")
		b.ReportAllocs()
		for b.Loop() {
			gate.Judge(client)
		}
	})
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("bans=%d", n), func(b *testing.B) {
			gate, client := crowdedGate(b, n-1)
			b.ReportAllocs()
			for b.Loop() {
				gate.Judge(client)
			}
		})
	}
}

// crowdedGate has both lists and many bans, of which the widest covers the client.
func crowdedGate(t testing.TB, n int) (*access.Gate, netip.Addr) {
	t.Helper()
	bans := newBans(t)
	for i := range n {
		prefix, _ := netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}).Prefix(32)
		if err := bans.Add(access.Ban{Prefix: prefix, Until: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	ban(t, bans, "198.51.0.0/16", time.Hour)
	gate := access.NewGate(bans)
	gate.SetLists(access.Lists{Allow: prefixes(t, "198.0.0.0/8"), Deny: prefixes(t, "192.0.2.0/24", "2001:db8::/32")})
	return gate, netip.MustParseAddr("198.51.200.7")
}

package relay

import (
	"net/netip"
	"testing"
)

// Above the limit of a source new connections are refused, above that of all a
// random one goes; both give back what they had, once.
func TestAdmissions(t *testing.T) {
	a := newAdmissions(3, 10)
	ip := func(text string) netip.Addr { return netip.MustParseAddr(text) }
	cuts := 0
	cut := func() { cuts++ }
	var places []*admission
	for range 3 {
		places = append(places, a.admit(ip("192.0.2.1"), cut))
	}
	if a.admit(ip("192.0.2.1"), cut) != nil {
		t.Error("got a fourth place for a source, want none")
	}
	if a.admit(ip("192.0.2.2"), cut) == nil {
		t.Error("got no place for another source")
	}
	for _, text := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3"} {
		if a.admit(ip(text), cut) == nil {
			t.Errorf("got no place for %s", text)
		}
	}
	if a.admit(ip("2001:db8::4"), cut) != nil {
		t.Error("got a fourth place for one /64 network, want none")
	}
	a.settle(places[0])
	a.settle(places[0])
	if places[0] = a.admit(ip("192.0.2.1"), cut); places[0] == nil {
		t.Error("got no place after one was given back")
	}
	for i := range 100 {
		if a.admit(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), cut) == nil {
			t.Fatalf("got no place for source %d, want that of another one", i)
		}
		if got := a.waitingNow(); got > 10 {
			t.Fatalf("got %d places, want at most 10", got)
		}
	}
	if got := a.evicted.Load(); cuts != int(got) || cuts != 7+100-10 {
		t.Errorf("got %d cut, %d counted, want %d", cuts, got, 7+100-10)
	}
	for _, place := range a.waiting[:5] {
		if !a.recut(place, cut) {
			t.Error("got a place that is evicted in the list")
		}
	}
	for len(a.waiting) > 0 {
		a.settle(a.waiting[0])
	}
	if len(a.sources) != 0 {
		t.Errorf("got sources %v with places, want none", a.sources)
	}
}

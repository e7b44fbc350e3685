//go:build !race

package server

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// After 100,000 dual allocations, of which every third loses its halves one by
// one and every fifth only ever had one, nothing is held any more.
func TestCyclesLeaveNothing(t *testing.T) {
	c := newCrowd(t)
	s := c.handler.server
	s.config.RelayAddresses = []RelayAddress{
		{Local: netip.MustParseAddr("192.0.2.1")}, {Local: netip.MustParseAddr("2001:db8::1")},
	}
	family := func(f byte) stun.Setter {
		return stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{f, 0, 0, 0}}
	}
	end := stun.RawAttribute{Type: stun.AttrLifetime, Value: make([]byte, 4)}
	transport := stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}
	both := stun.RawAttribute{Type: 0x8000, Value: []byte{2, 0, 0, 0}}
	const cycles = 100_000
	for i := range cycles {
		sign := c.client(i % 1000)
		request := func(method stun.Method, attrs ...stun.Setter) {
			c.handler.Control(c.worker, []fastpath.Message{sign(method, attrs...)})
		}
		switch {
		case i%5 == 0:
			request(stun.MethodAllocate, transport, family(byte(i/5%2)+1))
			request(stun.MethodRefresh, end)
		case i%3 == 0:
			request(stun.MethodAllocate, transport, both)
			request(stun.MethodRefresh, end, family(byte(i%2)+1))
			request(stun.MethodRefresh, end, family(byte(i+1)%2+1))
		default:
			request(stun.MethodAllocate, transport, both)
			request(stun.MethodRefresh, end)
		}
	}
	stats := s.Stats()
	if stats.Created != cycles || stats.Ended["client"] != cycles {
		t.Errorf("got %d created and %d ended, want %d", stats.Created, stats.Ended["client"], cycles)
	}
	if stats.Quota.Live != 0 || c.handler.table.Len() != 0 {
		t.Errorf("got %d counted and %d held, want none", stats.Quota.Live, c.handler.table.Len())
	}
	for _, p := range stats.Ports {
		if p.Free != p.Size {
			t.Errorf("relay address %s: got %d of %d ports free, want all", p.Address, p.Free, p.Size)
		}
	}
	free := 0
	for _, ok := s.buckets.Reserve(0, 0); ok; _, ok = s.buckets.Reserve(0, 0) {
		free++
	}
	if free != crowdBuckets {
		t.Errorf("got %d buckets free, want %d", free, crowdBuckets)
	}
}

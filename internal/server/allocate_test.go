package server_test

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/quota"
)

func TestAllocateRefusals(t *testing.T) {
	transport := requestedTransport(17)
	cases := []struct {
		name  string
		attrs []stun.Setter
		want  int
	}{
		{name: "no REQUESTED-TRANSPORT", want: 400},
		{name: "short REQUESTED-TRANSPORT", attrs: []stun.Setter{raw(stun.AttrRequestedTransport, 17)}, want: 400},
		{name: "TCP relay", attrs: []stun.Setter{requestedTransport(6)}, want: 403},
		{name: "unknown protocol", attrs: []stun.Setter{requestedTransport(132)}, want: 442},
		{name: "unknown required attribute", attrs: []stun.Setter{transport, raw(0x7FF0, 1, 2, 3, 4)}, want: 420},
		{name: "USERHASH unasked", attrs: []stun.Setter{transport, raw(0x001E, make([]byte, 32)...)}, want: 420},
		{name: "DONT-FRAGMENT", attrs: []stun.Setter{transport, raw(stun.AttrDontFragment)}, want: 0},
		{name: "unknown family", attrs: []stun.Setter{transport, requestedFamily(3)}, want: 440},
		{name: "family twice over", attrs: []stun.Setter{transport, requestedFamily(1), raw(0x8000, 2, 0, 0, 0)}, want: 400},
		{name: "IPv4 as the second family", attrs: []stun.Setter{transport, additionalFamily(1)}, want: 400},
		{name: "unknown second family", attrs: []stun.Setter{transport, additionalFamily(3)}, want: 400},
		{name: "short second family", attrs: []stun.Setter{transport, raw(0x8000, 2)}, want: 400},
		{name: "token and second family", attrs: []stun.Setter{transport, raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8), additionalFamily(2)}, want: 400},
		{name: "pair and second family", attrs: []stun.Setter{transport, raw(stun.AttrEvenPort, 0x80), raw(0x8000, 2, 0, 0, 0)}, want: 400},
		{name: "token and EVEN-PORT", attrs: []stun.Setter{transport, raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8), raw(stun.AttrEvenPort, 0)}, want: 400},
		{name: "token and family", attrs: []stun.Setter{transport, raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8), requestedFamily(1)}, want: 400},
		{name: "invented token", attrs: []stun.Setter{transport, raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)}, want: 508},
		{name: "short token", attrs: []stun.Setter{transport, raw(stun.AttrReservationToken, 1, 2)}, want: 400},
		{name: "short LIFETIME", attrs: []stun.Setter{transport, raw(stun.AttrLifetime, 1)}, want: 400},
		{name: "optional unknown attribute", attrs: []stun.Setter{transport, raw(0xFF00, 1)}, want: 0},
	}
	f := start(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := dial(t, f.addr, "alice", "wonderland")
			answer := cl.do(stun.MethodAllocate, c.attrs...)
			cl.wantCode(answer, c.want)
			if c.want == 0 {
				cl.do(stun.MethodRefresh, lifetime(0))
			}
		})
	}
	f.wantNothingHeld(t)
}

func TestAllocateGivesLifetimeInBounds(t *testing.T) {
	cases := []struct {
		name  string
		attrs []stun.Setter
		want  uint32
	}{
		{name: "absent", want: 600},
		{name: "zero", attrs: []stun.Setter{lifetime(0)}, want: 600},
		{name: "short", attrs: []stun.Setter{lifetime(10)}, want: 600},
		{name: "between", attrs: []stun.Setter{lifetime(1234)}, want: 1234},
		{name: "too long", attrs: []stun.Setter{lifetime(7200)}, want: 3600},
		{name: "longest", attrs: []stun.Setter{lifetime(0xFFFFFFFF)}, want: 3600},
	}
	f := start(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := dial(t, f.addr, "alice", "wonderland")
			answer := cl.do(stun.MethodAllocate, append(c.attrs, requestedTransport(17))...)
			cl.wantCode(answer, 0)
			if got := seconds(t, answer); got != c.want {
				t.Errorf("got LIFETIME %d, want %d", got, c.want)
			}
			if got := xorAddr(t, answer, stun.AttrXORMappedAddress); got != cl.addr() {
				t.Errorf("got XOR-MAPPED-ADDRESS %s, want %s", got, cl.addr())
			}
		})
	}
}

func TestAllocateRetransmissionAndMismatch(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	request := cl.signed(stun.MethodAllocate, requestedTransport(17))
	first := cl.roundTrip(request)
	cl.wantCode(first, 0)
	again := cl.roundTrip(request)
	if string(again.Raw) != string(first.Raw) {
		t.Errorf("retransmitted Allocate: got answer % x, want the first one % x", again.Raw, first.Raw)
	}
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), 437)
	cl.wantCode(cl.do(stun.MethodRefresh), 0)
	cl.wantCode(cl.roundTrip(request), 437) // no longer a retransmission
	zero := cl.signed(stun.MethodAllocate, requestedTransport(17), stun.NewTransactionIDSetter([stun.TransactionIDSize]byte{}))
	cl.wantCode(cl.roundTrip(zero), 437) // and not what stands for that either
}

func TestAllocateFamilies(t *testing.T) {
	f := start(t)
	six := start(t, func(o *options) { o.listen = "[::1]:0" })
	cases := []struct {
		name   string
		server netip.AddrPort
		attrs  []stun.Setter
		want   netip.Addr
	}{
		{name: "IPv4 by default", server: f.addr, want: f.addr.Addr()},
		{name: "IPv4 asked", server: f.addr, attrs: []stun.Setter{requestedFamily(1)}, want: f.addr.Addr()},
		{name: "IPv6 asked over IPv6", server: six.addr, attrs: []stun.Setter{requestedFamily(2)}, want: six.addr.Addr()},
		{name: "IPv6 asked over IPv4", server: f.addr, attrs: []stun.Setter{requestedFamily(2)}, want: netip.IPv6Loopback()},
		{name: "IPv4 by default over IPv6", server: six.addr, want: netip.MustParseAddr("127.0.0.1")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := dial(t, c.server, "alice", "wonderland")
			if got := cl.allocate(c.attrs...); got.Addr() != c.want {
				t.Errorf("got relayed transport address %s, want one on %s", got, c.want)
			}
		})
	}
}

func TestEvenPortAndReservation(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	if even := cl.allocate(raw(stun.AttrEvenPort, 0)); even.Port()%2 != 0 {
		t.Errorf("EVEN-PORT: got port %d, want an even one", even.Port())
	}

	pair := dial(t, f.addr, "alice", "wonderland")
	answer := pair.do(stun.MethodAllocate, requestedTransport(17), raw(stun.AttrEvenPort, 0x80))
	pair.wantCode(answer, 0)
	even := xorAddr(t, answer, stun.AttrXORRelayedAddress)
	token, err := answer.Get(stun.AttrReservationToken)
	if err != nil || len(token) != 8 {
		t.Fatalf("got RESERVATION-TOKEN % x, %v, want 8 bytes", token, err)
	}
	if even.Port()%2 != 0 {
		t.Errorf("EVEN-PORT with R: got port %d, want an even one", even.Port())
	}

	stranger := dial(t, f.addr, "bob", "builder")
	redeem := raw(stun.AttrReservationToken, token...)
	stranger.wantCode(stranger.do(stun.MethodAllocate, requestedTransport(17), redeem), 508)

	second := dial(t, f.addr, "alice", "wonderland")
	if odd := second.allocate(redeem); odd.Port() != even.Port()+1 || odd.Addr() != even.Addr() {
		t.Errorf("RESERVATION-TOKEN: got %s, want the port after %s", odd, even)
	}
	third := dial(t, f.addr, "alice", "wonderland")
	third.wantCode(third.do(stun.MethodAllocate, requestedTransport(17), redeem), 508)

	for _, c := range []*client{cl, pair, second} {
		c.do(stun.MethodRefresh, lifetime(0))
	}
	f.wantNothingHeld(t)
}

func TestPortPoolExhausted(t *testing.T) {
	f := start(t, func(o *options) { o.minPort, o.maxPort = 22000, 22003 })
	var clients []*client
	for range 4 {
		cl := dial(t, f.addr, "alice", "wonderland")
		cl.allocate()
		clients = append(clients, cl)
	}
	late := dial(t, f.addr, "alice", "wonderland")
	late.wantCode(late.do(stun.MethodAllocate, requestedTransport(17)), 508)
	clients[0].wantCode(clients[0].do(stun.MethodRefresh, lifetime(0)), 0)
	late.allocate()
}

func TestQuota(t *testing.T) {
	f := start(t, func(o *options) { o.settings.Quota = quota.Limits{UserAllocations: 2, ServerAllocations: 3} })
	alice := [3]*client{}
	for i := range alice {
		alice[i] = dial(t, f.addr, "alice", "wonderland")
	}
	alice[0].allocate()
	alice[1].allocate()
	alice[2].wantCode(alice[2].do(stun.MethodAllocate, requestedTransport(17)), 486)
	dial(t, f.addr, "bob", "builder").allocate()
	full := dial(t, f.addr, "bob", "builder")
	full.wantCode(full.do(stun.MethodAllocate, requestedTransport(17)), 486)
	alice[0].do(stun.MethodRefresh, lifetime(0))
	alice[2].allocate()
}

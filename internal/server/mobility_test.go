package server_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

const attrMobilityTicket = stun.AttrType(0x8030)

func withMobility(o *options) { o.settings.Mobility = true }

func mobilityTicket(value []byte) stun.Setter { return raw(attrMobilityTicket, value...) }

// dialWorker is dial by a client whom a given worker gets.
func (f *fixture) dialWorker(t *testing.T, worker int, username, password string) *client {
	t.Helper()
	return f.onWorker(t, worker, func() *client { return dial(t, f.addr, username, password) })
}

// onWorker dials until a given worker gets the client.
func (f *fixture) onWorker(t *testing.T, worker int, dial func() *client) *client {
	t.Helper()
	for range 1000 {
		cl := dial()
		if relay.WorkerOf(cl.addr(), f.options.workers) == worker {
			return cl
		}
		cl.conn.Close()
	}
	t.Fatalf("no client of worker %d in 1,000", worker)
	return nil
}

// allocateMobile makes a mobile allocation.
func (c *client) allocateMobile(attrs ...stun.Setter) (relayed netip.AddrPort, ticket []byte) {
	c.t.Helper()
	answer := c.do(stun.MethodAllocate, append([]stun.Setter{requestedTransport(17), mobilityTicket(nil)}, attrs...)...)
	c.wantCode(answer, 0)
	return xorAddr(c.t, answer, stun.AttrXORRelayedAddress), ticketOf(c.t, answer)
}

func ticketOf(t *testing.T, answer *stun.Message) []byte {
	t.Helper()
	ticket, err := answer.Get(attrMobilityTicket)
	if err != nil || len(ticket) == 0 {
		t.Fatalf("%s: got ticket % x, %v, want one", answer.Type, ticket, err)
	}
	return bytes.Clone(ticket)
}

// resume takes an allocation over and returns its next ticket.
func (c *client) resume(ticket []byte, attrs ...stun.Setter) []byte {
	c.t.Helper()
	answer := c.do(stun.MethodRefresh, append(attrs, mobilityTicket(ticket))...)
	c.wantCode(answer, 0)
	if errorCode(answer) != 0 {
		c.t.FailNow()
	}
	next := ticketOf(c.t, answer)
	if bytes.Equal(next, ticket) {
		c.t.Error("the new ticket is the old one")
	}
	return next
}

// toPeer sends by a channel and wants it at the peer.
func (f *fixture) toPeer(t *testing.T, cl *client, number uint16, relayed netip.AddrPort) {
	t.Helper()
	payload := randomBytes(40)
	cl.send(channelData(number, payload))
	if got, from := f.receiveFromRelay(t); !bytes.Equal(got, payload) || from != relayed {
		t.Errorf("to the peer: got % x from %s, want % x from %s", got, from, payload, relayed)
	}
}

// toClient sends from the peer and wants it at a client, by a channel.
func (f *fixture) toClient(t *testing.T, cl *client, number uint16, relayed netip.AddrPort) {
	t.Helper()
	payload := randomBytes(40)
	f.sendToRelay(t, relayed, payload)
	if got, want := cl.receiveRaw(), channelData(number, payload); !bytes.Equal(got, want) {
		t.Errorf("to the client: got % x, want % x", got, want)
	}
}

// onWorkers runs f on the thread of every worker, one after the other.
func (f *fixture) onWorkers(t *testing.T, do func(id int, w *fastpath.Worker)) {
	t.Helper()
	for id, w := range f.engine.Workers() {
		done := make(chan struct{})
		f.post(t, w, func(w *fastpath.Worker) { do(id, w); close(done) })
		<-done
	}
}

// wantMobiles waits until no invitation and no arrival is left, and checks the
// number of mobile allocations.
func (f *fixture) wantMobiles(t *testing.T, want int) {
	t.Helper()
	var here, open int
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		here, open = 0, 0
		f.onWorkers(t, func(id int, _ *fastpath.Worker) {
			n, leaving, expected, _ := f.server.Handler(id).Mobile()
			here, open = here+n, open+leaving+expected
		})
		if open == 0 && here == want && f.server.Mobiles() == want {
			return
		}
	}
	t.Errorf("got %d mobile allocations here, %d in all, %d on their way, want %d and none", here, f.server.Mobiles(), open, want)
}

// RFC 8016 section 3.2.2, to a five-tuple of another worker and of the same one:
// the old one works until the first data on the new one, then the new one alone.
func TestResume(t *testing.T) {
	for name, worker := range map[string]int{"another worker": 1, "the same worker": 0} {
		t.Run(name, func(t *testing.T) {
			f := start(t, withMobility)
			old := f.dialWorker(t, 0, "alice", "wonderland")
			relayed, ticket := old.allocateMobile()
			old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
			f.toPeer(t, old, 0x4001, relayed)
			f.toClient(t, old, 0x4001, relayed)

			fresh := f.dialWorker(t, worker, "alice", "wonderland")
			next := fresh.resume(ticket, lifetime(900))

			// Until there is data from the new five-tuple the old one has everything,
			// but the new one can make requests.
			f.toClient(t, old, 0x4001, relayed)
			f.toPeer(t, old, 0x4001, relayed)
			other := openOther(t, f)
			fresh.wantCode(fresh.do(stun.MethodChannelBind, channelNumber(0x4002), peer(addrOf(other))), 0)
			fresh.wantCode(fresh.do(stun.MethodAllocate, requestedTransport(17)), 437)
			old.wantCode(old.do(stun.MethodRefresh), 0)
			f.toClient(t, old, 0x4001, relayed)

			// The first datagram is not lost.
			f.toPeer(t, fresh, 0x4001, relayed)
			f.toClient(t, fresh, 0x4001, relayed)
			if _, err := other.WriteToUDPAddrPort([]byte("ahoy"), relayed); err != nil {
				t.Fatal(err)
			}
			if got, want := fresh.receiveRaw(), channelData(0x4002, []byte("ahoy")); !bytes.Equal(got, want) {
				t.Errorf("by the channel bound meanwhile: got % x, want % x", got, want)
			}
			old.send(channelData(0x4001, []byte("late")))
			f.wantDrops(t, fastpath.DropNoChannel, 1)
			old.wantCode(old.do(stun.MethodRefresh), 437)

			// And again, with the ticket of the resume, back to the old address.
			old.resume(next)
			f.toPeer(t, old, 0x4001, relayed)
			f.toClient(t, old, 0x4001, relayed)
			if got := seconds(t, old.do(stun.MethodRefresh, lifetime(1800))); got != 1800 {
				t.Errorf("got %d s, want 1800", got)
			}
			f.wantMobiles(t, 1)
			if s := f.server.Stats(); s.Created != 1 || s.Quota.Live != 1 || s.Resumed != 2 || s.Moved != 2 {
				t.Errorf("got %d created, %d live, %d resumed, %d moved, want 1, 1, 2, 2", s.Created, s.Quota.Live, s.Resumed, s.Moved)
			}
			old.wantCode(old.do(stun.MethodRefresh, lifetime(0)), 0)
			f.wantMobiles(t, 0)
			f.wantNothingHeld(t)
		})
	}
}

// Permissions without channels come along, and Send and Data find them; what
// waits for the arrival keeps its order.
func TestResumeBySend(t *testing.T) {
	f := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodCreatePermission, peer(f.peer)), 0)
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	fresh.resume(ticket)
	for i := range byte(20) {
		fresh.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			peer(f.peer), raw(stun.AttrData, i)).Raw)
	}
	for i := range byte(20) {
		if got, from := f.receiveFromRelay(t); len(got) != 1 || got[0] != i || from != relayed {
			t.Fatalf("datagram %d: got % x from %s, want it from %s", i, got, from, relayed)
		}
	}
	f.sendToRelay(t, relayed, []byte("ahoy"))
	if data := fresh.receive(); text(data, stun.AttrData) != "ahoy" || xorAddr(t, data, stun.AttrXORPeerAddress) != f.peer {
		t.Errorf("got %s, want a Data indication from %s", data, f.peer)
	}
}

// A retransmitted Refresh gets the same answer, before the move and after.
func TestResumeRetransmission(t *testing.T) {
	for worker := range 2 {
		f := start(t, withMobility)
		old := f.dialWorker(t, 0, "alice", "wonderland")
		relayed, ticket := old.allocateMobile()
		old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
		fresh := f.dialWorker(t, worker, "alice", "wonderland")
		request := fresh.signed(stun.MethodRefresh, lifetime(700), mobilityTicket(ticket))
		first := fresh.roundTrip(request)
		fresh.wantCode(first, 0)
		if again := fresh.roundTrip(request); !bytes.Equal(again.Raw, first.Raw) {
			t.Errorf("before data: got % x, want % x", again.Raw, first.Raw)
		}
		f.toClient(t, old, 0x4001, relayed)
		f.toPeer(t, fresh, 0x4001, relayed)
		if again := fresh.roundTrip(request); !bytes.Equal(again.Raw, first.Raw) {
			t.Errorf("after data: got % x, want % x", again.Raw, first.Raw)
		}
		// A new transaction with the old ticket, as the answer never came.
		if again := fresh.do(stun.MethodRefresh, mobilityTicket(ticket)); !bytes.Equal(ticketOf(t, again), ticketOf(t, first)) {
			t.Error("asked anew: got another ticket")
		}
		f.toClient(t, fresh, 0x4001, relayed)
		if s := f.server.Stats(); s.Resumed != 1 || s.Moved != 1 {
			t.Errorf("got %d resumed and %d moved, want 1 each", s.Resumed, s.Moved)
		}
	}
}

func TestTicketRefusals(t *testing.T) {
	f := start(t, withMobility)
	foreign := start(t, withMobility)
	old := f.dialWorker(t, 0, "alice", "wonderland")
	_, ticket := old.allocateMobile()
	_, elsewhere := dial(t, foreign.addr, "alice", "wonderland").allocateMobile()
	busy := f.dialWorker(t, 1, "alice", "wonderland")
	busy.allocate()
	changed := bytes.Clone(ticket)
	changed[len(changed)/2] ^= 1
	fresh := func() *client { return f.dialWorker(t, 1, "alice", "wonderland") }
	refresh := func(cl *client, ticket []byte) *stun.Message {
		return cl.do(stun.MethodRefresh, mobilityTicket(ticket))
	}
	for name, tt := range map[string]struct {
		client *client
		ticket []byte
		want   int
	}{
		"empty":                      {fresh(), nil, 400},
		"cut":                        {fresh(), ticket[:len(ticket)-1], 400},
		"too long":                   {fresh(), append(bytes.Clone(ticket), 1), 400},
		"longest attribute":          {fresh(), bytes.Repeat([]byte{1}, 1200), 400},
		"changed":                    {fresh(), changed, 437},
		"of another server":          {fresh(), elsewhere, 437},
		"by another user":            {f.dialWorker(t, 1, "bob", "builder"), ticket, 441},
		"by another user, same path": {f.dialWorker(t, 0, "bob", "builder"), ticket, 441},
		"on its own five-tuple":      {old, ticket, 400},
		"where another one is":       {busy, ticket, 437},
	} {
		t.Run(name, func(t *testing.T) { tt.client.wantCode(refresh(tt.client, tt.ticket), tt.want) })
	}
	asks := fresh()
	asks.wantCode(asks.do(stun.MethodAllocate, requestedTransport(17), mobilityTicket(ticket)), 400)

	second := fresh()
	next := second.resume(ticket)
	third := fresh()
	third.wantCode(refresh(third, ticket), 437) // the old ticket, from elsewhere
	third.resume(next)
	second.wantCode(refresh(second, next), 437)
	second.wantCode(second.do(stun.MethodRefresh), 437)
	newest := ticketOf(t, third.do(stun.MethodRefresh, lifetime(600)))
	old.wantCode(old.do(stun.MethodRefresh, lifetime(0)), 0)
	fourth := fresh()
	fourth.wantCode(refresh(fourth, newest), 437) // it is over
	f.wantMobiles(t, 0)
}

// The end can be asked for from a new address, too.
func TestResumeToEnd(t *testing.T) {
	f := start(t, withMobility)
	_, ticket := f.dialWorker(t, 0, "alice", "wonderland").allocateMobile()
	fresh := f.dialWorker(t, 1, "alice", "wonderland")
	answer := fresh.do(stun.MethodRefresh, lifetime(0), mobilityTicket(ticket))
	fresh.wantCode(answer, 0)
	if seconds(t, answer) != 0 || answer.Contains(attrMobilityTicket) {
		t.Errorf("got %d s and a ticket: %t, want 0 s and none", seconds(t, answer), answer.Contains(attrMobilityTicket))
	}
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
}

// Without the option, and for who is nobody, it is forbidden; who does not ask
// for it gets no ticket.
func TestMobilityForbidden(t *testing.T) {
	f := start(t, withMobility, func(o *options) { o.auth.Anonymous = true })
	nobody := dial(t, f.addr, "", "")
	nobody.wantCode(nobody.roundTrip(message(stun.MethodAllocate, requestedTransport(17), mobilityTicket(nil))), 405)
	plain := dial(t, f.addr, "alice", "wonderland")
	plain.realm = "example.org"
	f.apply(t, func(o *options) { o.auth.Anonymous = false })
	plain.challenge()
	answer := plain.do(stun.MethodAllocate, requestedTransport(17))
	plain.wantCode(answer, 0)
	if answer.Contains(attrMobilityTicket) {
		t.Error("not asked for: got a ticket")
	}
	_, ticket := f.dialWorker(t, 0, "alice", "wonderland").allocateMobile()
	f.apply(t, func(o *options) { o.settings.Mobility = false })
	cl := f.dialWorker(t, 1, "alice", "wonderland")
	cl.wantCode(cl.do(stun.MethodRefresh, mobilityTicket(ticket)), 405)
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17), mobilityTicket(nil)), 405)
	cl.allocate()
}

// An allocation that is resumed counts as what it is: one.
func TestMobileAllocationKeepsItsQuota(t *testing.T) {
	f := start(t, withMobility, func(o *options) { o.settings.Quota = quota.Limits{UserAllocations: 1} })
	old := f.dialWorker(t, 0, "alice", "wonderland")
	relayed, ticket := old.allocateMobile()
	old.wantCode(old.do(stun.MethodChannelBind, channelNumber(0x4001), peer(f.peer)), 0)
	for i := range 10 {
		cl := f.dialWorker(t, (i+1)%2, "alice", "wonderland")
		ticket = cl.resume(ticket)
		f.toPeer(t, cl, 0x4001, relayed)
		another := f.dialWorker(t, i%2, "alice", "wonderland")
		another.wantCode(another.do(stun.MethodAllocate, requestedTransport(17)), 486)
		old = cl
	}
	if live := f.server.Stats().Quota.Live; live != 1 {
		t.Errorf("got %d live, want 1", live)
	}
	old.wantCode(old.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
	dial(t, f.addr, "alice", "wonderland").allocate()
}

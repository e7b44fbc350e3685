package bench

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// loopbackFlow is a direct flow on the loopback interface, for which one needs
// no lab.
func loopbackFlow(t *testing.T) *flow {
	t.Helper()
	f := &flow{}
	ends := []*int{&f.client, &f.peer}
	var addrs [2]netip.AddrPort
	for i, fd := range ends {
		var err error
		if *fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(*fd) })
		if err := unix.Bind(*fd, sockaddr(netip.MustParseAddrPort("127.0.0.1:0"))); err != nil {
			t.Fatal(err)
		}
		if addrs[i], err = localAddr(*fd); err != nil {
			t.Fatal(err)
		}
	}
	for i, fd := range ends {
		if err := connect(*fd, addrs[1-i]); err != nil {
			t.Fatal(err)
		}
	}
	f.peerAddr = addrs[1]
	return f
}

func openRoute(t *testing.T, c Cell, payload int) *route {
	t.Helper()
	var flows []*flow
	for range c.Flows {
		flows = append(flows, loopbackFlow(t))
	}
	r, err := routeOver(flows, c, payload)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Errorf("close route: %v", err)
		}
	})
	return r
}

func TestBurstArrives(t *testing.T) {
	tests := map[string]struct {
		cell    Cell
		payload int
	}{
		"one packet":            {Cell{ToPeer, 1, 1, false}, 172},
		"smallest packet":       {Cell{ToPeer, 1, 1, false}, minPayload},
		"sparse flows":          {Cell{ToPeer, 32, 1, false}, 172},
		"sparse flows, back":    {Cell{ToClient, 32, 1, false}, 172},
		"dense flow":            {Cell{ToPeer, 1, 64, false}, 172},
		"some of both":          {Cell{ToClient, 4, 8, false}, maxPayload},
		"train":                 {Cell{ToPeer, 1, 64, true}, 172},
		"train, back":           {Cell{ToClient, 1, 64, true}, 172},
		"more than one train":   {Cell{ToPeer, 1, 100, true}, 172},
		"long packets in train": {Cell{ToPeer, 2, 64, true}, 1200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := openRoute(t, tt.cell, tt.payload)
			if r.burst != tt.cell.burst() {
				t.Errorf("packets of a burst: got %d, want %d", r.burst, tt.cell.burst())
			}
			for i := range 20 {
				if elapsed, lost := r.run(); lost != 0 || elapsed <= 0 {
					t.Fatalf("burst %d: got %d lost in %s, want none lost", i, lost, elapsed)
				}
			}
		})
	}
}

func TestLossEndsABurst(t *testing.T) {
	elsewhere := loopbackFlow(t)
	r := openRoute(t, Cell{ToPeer, 2, 4, false}, 172)
	r.lanes[1].from.fd = elsewhere.client
	elapsed, lost := r.run()
	if lost != 4 {
		t.Errorf("lost: got %d, want 4", lost)
	}
	if elapsed > time.Minute {
		t.Errorf("time until the loss was noticed: got %s, want about %d ms", elapsed, lossTimeoutMs)
	}
}

func TestLatePacketsDoNotCount(t *testing.T) {
	r := openRoute(t, Cell{ToPeer, 1, 4, false}, 172)
	r.lanes[0].send(r.tag) // as if they had been on their way since an earlier burst
	r.tag++
	r.lanes[0].send(r.tag)
	if got := r.lanes[0].recv(r.tag, 4); got != 0 {
		t.Errorf("packets of this burst among late ones: got %d, want 0", got)
	}
	if got := r.lanes[0].recv(r.tag, 4); got != 4 {
		t.Errorf("packets of this burst behind late ones: got %d, want 4", got)
	}
}

func TestBurstsAllocateNothing(t *testing.T) {
	r := openRoute(t, Cell{ToPeer, 8, 8, false}, 172)
	if got := testing.AllocsPerRun(20, func() { r.run() }); got != 0 {
		t.Errorf("allocations per burst: got %v, want 0", got)
	}
}

func TestSample(t *testing.T) {
	r := openRoute(t, Cell{ToPeer, 1, 4, false}, 172)
	s := newSample()
	s.slice(r, 5*time.Millisecond)
	s.slice(r, 5*time.Millisecond)
	if len(s.rounds) != 2 || s.rounds[0] <= 0 || s.rounds[1] <= 0 {
		t.Errorf("rounds: got %v, want two positive medians", s.rounds)
	}
	if s.sent == 0 || s.sent != 4*s.bursts || len(s.perPacket) != s.bursts || s.loss() != 0 {
		t.Errorf("got %d packets in %d bursts, %d kept, %v lost; want four in each, all kept, none lost", s.sent, s.bursts, len(s.perPacket), s.loss())
	}
}

// A long measurement keeps some of the bursts of every slice.
func TestSampleOfManyBursts(t *testing.T) {
	s := newSample()
	const slices, each = 20, 200_000
	for i := range slices {
		for burst := range each {
			s.current = append(s.current, float64(1+i*each+each-burst))
		}
		s.endSlice()
	}
	if s.bursts != slices*each || len(s.perPacket) > maxBursts || len(s.perPacket) < maxBursts/4 {
		t.Errorf("got %d bursts, %d of them kept; want %d, and %d at most", s.bursts, len(s.perPacket), slices*each, maxBursts)
	}
	for i, median := range s.rounds {
		if want := float64(i*each) + each/2 + 1.5; median != want {
			t.Errorf("median of slice %d: got %v, want %v", i, median, want)
		}
	}
	if got := medianOf(s.perPacket) / (slices * each); got < 0.49 || got > 0.51 {
		t.Errorf("median of all: got %v of the greatest value, want half", got)
	}
}

func TestSampleOfNothing(t *testing.T) {
	elsewhere := loopbackFlow(t)
	r := openRoute(t, Cell{ToPeer, 1, 1, false}, 172)
	r.lanes[0].from.fd = elsewhere.client
	s := newSample()
	s.slice(r, time.Millisecond)
	if len(s.rounds) != 1 || s.rounds[0] != 0 || s.loss() != 1 {
		t.Errorf("got rounds %v and loss %v, want one round of 0 and all lost", s.rounds, s.loss())
	}
}

func TestCompareWithDirect(t *testing.T) {
	direct := &sample{perPacket: []float64{10, 20, 30}, bursts: 3, rounds: []float64{10, 25, 20}, sent: 100}
	relayed := &sample{perPacket: []float64{90, 50, 70}, bursts: 3, rounds: []float64{50, 80, 0}, sent: 100, lost: 1}
	m := compareWithDirect(direct, relayed)
	if m.BaselineNs != 20 || m.TotalNs != 70 || m.NetNs != 50 {
		t.Errorf("got baseline %v, total %v, net %v; want 20, 70, 50", m.BaselineNs, m.TotalNs, m.NetNs)
	}
	if m.Loss != 0.01 || m.Stalled != 1 || m.Bursts != 3 {
		t.Errorf("got loss %v, %d stalled, %d bursts; want 0.01, 1, 3", m.Loss, m.Stalled, m.Bursts)
	}
	if len(m.NetRoundsNs) != 3 || m.NetRoundsNs[0] != 40 || m.NetRoundsNs[1] != 55 {
		t.Errorf("net of the rounds: got %v, want 40, 55 and one that stalled", m.NetRoundsNs)
	}
}

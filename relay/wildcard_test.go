package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/relay/fastpath"
)

func TestWanted(t *testing.T) {
	local := []netip.Addr{
		netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::1"),
		netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fe80::1"), netip.MustParseAddr("169.254.1.1"),
	}
	tests := []struct {
		name          string
		listeners     []string
		want, skipped []string
	}{
		{"one address", []string{"192.0.2.1:3478"}, []string{"192.0.2.1:3478"}, nil},
		{"an address of nobody", []string{"192.0.2.9:3478"}, []string{"192.0.2.9:3478"}, nil},
		{"all of IPv4", []string{"0.0.0.0:3478"}, []string{"127.0.0.1:3478", "169.254.1.1:3478", "192.0.2.1:3478"}, nil},
		{"all of IPv6", []string{"[::]:3478"}, []string{"[::1]:3478", "[2001:db8::1]:3478"}, []string{"fe80::1"}},
		{"the same twice", []string{"0.0.0.0:1", "192.0.2.1:1", "127.0.0.1:1", "169.254.1.1:1", "127.0.0.1:2"},
			[]string{"127.0.0.1:1", "127.0.0.1:2", "169.254.1.1:1", "192.0.2.1:1"}, nil},
		{"nothing", nil, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var listeners []netip.AddrPort
			for _, text := range test.listeners {
				listeners = append(listeners, netip.MustParseAddrPort(text))
			}
			got, skipped := wanted(listeners, local)
			if diff := cmp.Diff(test.want, texts(got)); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.skipped, texts(skipped)); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
		})
	}
}

func texts[T fmt.Stringer](list []T) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.String())
	}
	return out
}

// answeredBy sends a message to the address and returns the source of the answer;
// the zero value if there is none.
func answeredBy(t *testing.T, to netip.AddrPort) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := make([]byte, 100)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if _, err := c.WriteToUDPAddrPort([]byte{0, 1}, to); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, from, err := c.ReadFromUDPAddrPort(b); err == nil {
			return from
		}
	}
	return netip.AddrPort{}
}

// A wildcard listener answers from the address that was reached, gains and loses
// addresses while it runs, and gives a returning address its old number.
func TestWildcardFollowsTheInterfaces(t *testing.T) {
	port := testnet.FreePort(t, "0.0.0.0")
	at := func(ip string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(ip), port) }
	local := &LocalAddresses{}
	setLocal := func(ips ...string) []netip.Addr {
		s := &addressSnapshot{set: make(map[netip.Addr]struct{})}
		for _, ip := range ips {
			s.sorted = append(s.sorted, netip.MustParseAddr(ip))
			s.set[netip.MustParseAddr(ip)] = struct{}{}
		}
		local.snapshot.Store(s)
		return s.sorted
	}
	// All of 127/8 can be bound; these stand for the addresses of interfaces.
	setLocal("127.0.0.1", "127.0.0.2")
	engine, err := Open(Config{
		Workers:        4,
		Listeners:      []netip.AddrPort{at("0.0.0.0")},
		LocalAddresses: local,
		Worker: func(int) fastpath.Config {
			return fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
				for i := range batch {
					w.Reply(&batch[i], batch[i].Data)
				}
			}}
		},
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		errs := make(chan error)
		for _, w := range engine.workers { // without follow, which would ask the system
			go func() { errs <- w.Run(ctx) }()
		}
		var first error
		for range engine.workers {
			if err := <-errs; err != nil {
				first = err
			}
		}
		done <- first
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()

	check := func(want ...netip.AddrPort) {
		t.Helper()
		if got := engine.Addresses(); !slices.Equal(got, want) {
			t.Fatalf("got addresses %v, want %v", got, want)
		}
		for _, addr := range want {
			if got := answeredBy(t, addr); got != addr {
				t.Errorf("asked %s: got an answer from %s", addr, got)
			}
		}
	}
	check(at("127.0.0.1"), at("127.0.0.2"))
	id := engine.groups[at("127.0.0.2")].id
	engine.reconcile(setLocal("127.0.0.1", "127.0.0.3"))
	check(at("127.0.0.1"), at("127.0.0.3"))
	engine.reconcile(setLocal("127.0.0.1", "127.0.0.2", "127.0.0.3", "fe80::1"))
	check(at("127.0.0.1"), at("127.0.0.2"), at("127.0.0.3"))
	if got := engine.groups[at("127.0.0.2")].id; got != id {
		t.Errorf("got listener %d for an address that came back, want %d", got, id)
	}
	// An address that cannot be bound yet does not disturb the others.
	engine.reconcile(setLocal("127.0.0.1", "203.0.113.1"))
	check(at("127.0.0.1"))
}

// Whoever needs the addresses of the interfaces is told when they change.
func TestAddressesChanged(t *testing.T) {
	local := &LocalAddresses{}
	outdated := netip.MustParseAddr("203.0.113.1")
	local.snapshot.Store(&addressSnapshot{sorted: []netip.Addr{outdated}, set: map[netip.Addr]struct{}{outdated: {}}})
	changed := make(chan []netip.Addr, 1)
	engine, err := Open(Config{
		Workers:          1,
		Listeners:        []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		LocalAddresses:   local,
		AddressesChanged: func() { changed <- local.All() },
		Worker:           func(int) fastpath.Config { return fastpath.Config{} },
	}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		engine.follow(ctx, time.Millisecond)
	}()
	if got := <-changed; slices.Contains(got, outdated) || !slices.Contains(got, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("got addresses %v, want those of the interfaces", got)
	}
	cancel()
	<-done
}

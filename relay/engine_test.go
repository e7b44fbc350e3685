package relay_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

const patience = 30 * time.Second

// start runs an engine until the end of the test.
func start(t *testing.T, cfg relay.Config) *relay.Engine {
	t.Helper()
	engine, err := relay.Open(cfg, zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel)))
	if err != nil {
		t.Fatal(err)
	}
	run(t, engine)
	return engine
}

func run(t *testing.T, engine *relay.Engine) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("got %v from Run, want nil", err)
		}
	})
}

// idle is a worker that answers nothing.
func idle(int) fastpath.Config {
	return fastpath.Config{Control: func(*fastpath.Worker, []fastpath.Message) {}}
}

func addrs(texts ...string) []netip.AddrPort {
	var list []netip.AddrPort
	for _, text := range texts {
		list = append(list, netip.MustParseAddrPort(text))
	}
	return list
}

// openFiles counts the descriptors of the process; 0 where it cannot.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// An engine that fails to open, or is closed without running, leaves nothing.
func TestOpenFailuresCloseEverything(t *testing.T) {
	taken := start(t, relay.Config{Workers: 2, Listeners: addrs("127.0.0.1:0"), Worker: idle}).Addresses()[0]
	before := openFiles()
	tests := []struct {
		name      string
		listeners []netip.AddrPort
		want      error
	}{
		{"address in use", append(addrs("127.0.0.1:0"), taken), syscall.EADDRINUSE},
		{"address of somebody else", addrs("127.0.0.1:0", "203.0.113.1:3478"), syscall.EADDRNOTAVAIL},
		{"no listener", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			engine, err := relay.Open(relay.Config{Workers: 3, Listeners: test.listeners, Worker: idle}, zap.NewNop())
			if err == nil {
				engine.Close()
				t.Fatal("got an engine, want an error")
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got error %v, want %v", err, test.want)
			}
		})
	}
	engine, err := relay.Open(relay.Config{Workers: 3, Listeners: addrs("127.0.0.1:0", "[::1]:0"), Worker: idle}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := engine.Close(); err != nil {
			t.Errorf("got %v from Close, want nil", err)
		}
	}
	if after := openFiles(); after > before {
		t.Errorf("got %d open files, want %d as before", after, before)
	}
}

// A running engine is alive and reports its addresses; a stopped one is not, and
// has closed everything, relay sockets included.
func TestLifeOfAnEngine(t *testing.T) {
	before := openFiles()
	log, logs := observer.New(zap.InfoLevel)
	engine, err := relay.Open(relay.Config{
		Listeners: addrs("127.0.0.1:0", "[::1]:0"), ReceiveBufferBytes: 1 << 30, Worker: idle,
	}, zap.New(log))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(engine.Workers()); got < 1 || got > relay.DefaultWorkers() {
		t.Errorf("got %d workers, want 1 to %d", got, relay.DefaultWorkers())
	}
	served := engine.Addresses()
	if len(served) != 2 || served[0].Port() == 0 || !served[1].Addr().Is6() {
		t.Errorf("got addresses %v, want one of each family, with ports", served)
	}
	if got := logs.FilterMessage("socket buffers").Len(); got != 1 {
		t.Errorf("got %d lines about socket buffers, want 1", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	alive, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if err := engine.Alive(alive); err != nil {
		t.Errorf("got %v from Alive, want nil", err)
	}
	relaySocket, err := relay.RelaySockets{}.Open(addrs("127.0.0.1:0")[0])
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Workers()[0].Post(func(w *fastpath.Worker) {
		if _, err := w.Publish(fastpath.Allocation{Client: served[0], Relay: relaySocket, Lifetime: time.Hour}); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v from Run, want nil", err)
	}
	if err := engine.Alive(alive); !errors.Is(err, fastpath.ErrStopped) {
		t.Errorf("got %v from Alive after the end, want %v", err, fastpath.ErrStopped)
	}
	if got := engine.Addresses(); len(got) != 0 {
		t.Errorf("got addresses %v after the end, want none", got)
	}
	if after := openFiles(); after > before {
		t.Errorf("got %d open files, want %d as before", after, before)
	}
}

// A worker that does not come back is not alive.
func TestStuckWorkerIsNotAlive(t *testing.T) {
	engine := start(t, relay.Config{Workers: 2, Listeners: addrs("127.0.0.1:0"), Worker: idle})
	release := make(chan struct{})
	if err := engine.Workers()[0].Post(func(*fastpath.Worker) { <-release }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := engine.Alive(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v from Alive, want %v", err, context.DeadlineExceeded)
	}
	close(release)
}

func TestRelaySocketErrors(t *testing.T) {
	c, err := relay.RelaySockets{ReceiveBufferBytes: 1 << 16, SendBufferBytes: 1 << 16}.Open(addrs("127.0.0.1:0")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, test := range []struct {
		addr netip.AddrPort
		want error
	}{
		{c.Local(), syscall.EADDRINUSE},
		{netip.MustParseAddrPort("203.0.113.1:0"), syscall.EADDRNOTAVAIL},
	} {
		if _, err := (relay.RelaySockets{}).Open(test.addr); !errors.Is(err, test.want) {
			t.Errorf("got error %v, want %v", err, test.want)
		}
	}
}

func TestLocalAddresses(t *testing.T) {
	local, err := relay.NewLocalAddresses()
	if err != nil {
		t.Fatal(err)
	}
	all := local.All()
	loopback := netip.MustParseAddr("127.0.0.1")
	if !slices.Contains(all, loopback) || !slices.IsSortedFunc(all, netip.Addr.Compare) {
		t.Errorf("got %v, want loopback and an order", all)
	}
	for ip, want := range map[netip.Addr]bool{
		loopback:                                true,
		netip.MustParseAddr("::ffff:127.0.0.1"): true,
		netip.MustParseAddr("203.0.113.1"):      false,
		{}:                                      false,
	} {
		if got := local.Contains(ip); got != want {
			t.Errorf("Contains(%s): got %t, want %t", ip, got, want)
		}
	}
	if changed, err := local.Refresh(); changed || err != nil {
		t.Errorf("got changed %t, error %v from a second look, want no change", changed, err)
	}
}

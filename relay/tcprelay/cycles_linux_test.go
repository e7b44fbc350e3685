package tcprelay_test

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
)

// After 10,000 connections of all kinds and ends, no descriptor, goroutine or count
// is left.
func TestCyclesLeaveNothing(t *testing.T) {
	f := start(t)
	l, _ := f.peer(loopback)
	client, peer := f.joined() // what the runtime opens once is open
	client.Close()
	peer.Close()
	f.wantNothing()
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	const cycles = 10_000
	for i := range cycles {
		f.cycle(t, i, l)
	}
	f.wantNothing()
	deadline := time.Now().Add(patience)
	for (openFiles(t) > files || runtime.NumGoroutine() > goroutines) && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if got := openFiles(t); got > files {
		t.Errorf("got %d descriptors, want no more than %d", got, files)
	}
	if got := runtime.NumGoroutine(); got > goroutines {
		t.Errorf("got %d goroutines, want no more than %d", got, goroutines)
	}
	f.a.Close()
	if got := f.relay.Stats(); got.Accepted < cycles/2 {
		t.Errorf("got %+v, want most of %d connections accepted", got, cycles)
	}
}

// cycle makes one connection of a peer and ends it somehow. Ends are resets, so that
// no port waits for its second use.
func (f *fixture) cycle(t *testing.T, i int, l *net.TCPListener) {
	t.Helper()
	conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(f.addr))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetLinger(0)
	defer conn.Close()
	offer := <-f.offers
	if offer.err != nil {
		t.Fatal(offer.err)
	}
	switch i % 4 {
	case 0: // the peer goes before there is a client
		binding, err := f.relay.Bind(offer.id, alice.User)
		if err != nil {
			t.Fatal(err)
		}
		binding.Abandon()
		return
	case 1: // not allowed any more
		f.a.CloseUnless(func(peer netip.AddrPort) bool { return peer != offer.peer })
		return
	}
	client, detached := f.end(t, l)
	defer client.Close()
	binding, err := f.relay.Bind(offer.id, alice.User)
	if err != nil {
		t.Fatal(err)
	}
	binding.Run(detached, []byte("to peer"), nil)
	conn.SetDeadline(time.Now().Add(patience))
	wantBytes(t, conn, []byte("to peer"))
	if i%4 == 3 {
		client.CloseWrite()
		wantEnd(t, conn)
	}
}

// end connects a client and returns both ends, without a Cleanup for each.
func (f *fixture) end(t *testing.T, l *net.TCPListener) (*net.TCPConn, *stream.Conn) {
	t.Helper()
	client, err := net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	client.SetLinger(0)
	server, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	detached := stream.New(server)
	if err := detached.Detach(); err != nil {
		t.Fatal(err)
	}
	return client, detached
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

package fastpath_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

const (
	loopback4 = "127.0.0.1"
	loopback6 = "::1"

	listenerID = fastpath.ListenerID(3)
	minute     = time.Minute
	patience   = 30 * time.Second
)

// fixture is a running worker with one listener.
type fixture struct {
	t        *testing.T
	worker   *fastpath.Worker
	listener *udpbatch.Conn
	server   netip.AddrPort
}

// start runs a worker until the end of the test.
func start(t *testing.T, ip string, cfg fastpath.Config) *fixture {
	t.Helper()
	return startOn(t, listen(t, ip, udpbatch.Options{}), cfg)
}

// startOn is start with a listening socket that is open, which it closes.
func startOn(t *testing.T, listener *udpbatch.Conn, cfg fastpath.Config) *fixture {
	t.Helper()
	if cfg.Control == nil {
		cfg.Control = func(*fastpath.Worker, []fastpath.Message) {}
	}
	w, err := fastpath.NewWorker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, worker: w, listener: listener, server: listener.Local()}
	if err := w.AddListener(listenerID, f.server, f.listener); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("got %v from Run, want nil", err)
		}
		f.listener.Close()
	})
	return f
}

func listen(t *testing.T, ip string, o udpbatch.Options) *udpbatch.Conn {
	t.Helper()
	c, err := udpbatch.Listen(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// on calls f on the worker's thread and waits for it.
func (f *fixture) on(do func(w *fastpath.Worker)) {
	f.t.Helper()
	done := make(chan struct{})
	if err := f.worker.Post(func(w *fastpath.Worker) { defer close(done); do(w) }); err != nil {
		f.t.Fatal(err)
	}
	<-done
}

// holdBatch keeps the worker busy while do sends, so that on Linux the packets
// arrive as one batch.
func (f *fixture) holdBatch(do func()) {
	f.t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	if err := f.worker.Post(func(*fastpath.Worker) { close(entered); <-release }); err != nil {
		f.t.Fatal(err)
	}
	<-entered
	do()
	close(release)
}

// endpoint is a client's or a peer's socket.
type endpoint struct {
	t    *testing.T
	conn *net.UDPConn
	addr netip.AddrPort
}

func newEndpoint(t *testing.T, ip string) *endpoint {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &endpoint{t, conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()}
}

func (e *endpoint) send(to netip.AddrPort, b []byte) {
	e.t.Helper()
	if _, err := e.conn.WriteToUDPAddrPort(b, to); err != nil {
		e.t.Fatal(err)
	}
}

// receive returns the next datagram and its source.
func (e *endpoint) receive() ([]byte, netip.AddrPort) {
	e.t.Helper()
	if err := e.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		e.t.Fatal(err)
	}
	b := make([]byte, wire.MaxDatagram)
	n, from, err := e.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		e.t.Fatalf("receive on %s: %v", e.addr, err)
	}
	return b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// want receives a datagram and compares it.
func (e *endpoint) want(from netip.AddrPort, want []byte) {
	e.t.Helper()
	got, source := e.receive()
	if source != from {
		e.t.Fatalf("got a datagram from %s, want it from %s", source, from)
	}
	if !bytes.Equal(got, want) {
		e.t.Fatalf("got %d bytes % x…, want %d bytes % x…", len(got), got[:min(len(got), 64)], len(want), want[:min(len(want), 64)])
	}
}

// skipTo receives until a datagram is the one wanted; false when none comes for
// a while.
func (e *endpoint) skipTo(want string) bool {
	e.t.Helper()
	if err := e.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		e.t.Fatal(err)
	}
	b := make([]byte, wire.MaxDatagram)
	for {
		n, _, err := e.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return false
		}
		if string(b[:n]) == want {
			return true
		}
	}
}

// allocation is a published allocation.
type allocation struct {
	id      fastpath.AllocationID
	relay   *udpbatch.Conn
	relayed netip.AddrPort
}

// publish makes an allocation for a client, changed by those functions.
func (f *fixture) publish(client netip.AddrPort, relayIP string, change ...func(*fastpath.Allocation)) allocation {
	f.t.Helper()
	// Room for what a test sends while the worker gets no CPU: the kernel would drop it.
	o := udpbatch.Options{ErrorQueue: true, ReceiveBufferBytes: 2 << 20}
	return f.publishOn(client, listen(f.t, relayIP, o), change...)
}

// publishOn is publish with a relay socket that is open.
func (f *fixture) publishOn(client netip.AddrPort, relay *udpbatch.Conn, change ...func(*fastpath.Allocation)) allocation {
	f.t.Helper()
	a := fastpath.Allocation{Client: client, Listener: listenerID, Relay: relay, Lifetime: minute}
	for _, c := range change {
		c(&a)
	}
	result := allocation{relay: relay, relayed: relay.Local()}
	var err error
	f.on(func(w *fastpath.Worker) { result.id, err = w.Publish(a) })
	if err != nil {
		f.t.Fatal(err)
	}
	return result
}

func (f *fixture) permit(a allocation, peer netip.Addr) {
	f.t.Helper()
	var err error
	f.on(func(w *fastpath.Worker) { err = w.Permit(a.id, peer, minute, false) })
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) bind(a allocation, number uint16, peer netip.AddrPort) {
	f.t.Helper()
	var err error
	f.on(func(w *fastpath.Worker) {
		err = errors.Join(w.Permit(a.id, peer.Addr(), minute, false), w.Bind(a.id, number, peer, minute, false))
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// wantDrops waits until so many datagrams were dropped for a reason.
func (f *fixture) wantDrops(reason fastpath.DropReason, want uint64) {
	f.t.Helper()
	eventually(f.t, func() bool { return f.worker.Stats().Drops[reason] >= want })
	if got := f.worker.Stats().Drops[reason]; got != want {
		f.t.Errorf("got %d drops for %s, want %d", got, reason, want)
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("condition did not come true")
		}
	}
}

// channelData frames a payload.
func channelData(number uint16, payload []byte) []byte {
	b := make([]byte, wire.ChannelHeaderSize, wire.ChannelHeaderSize+len(payload))
	wire.PutChannelHeader(b, number, len(payload))
	return append(b, payload...)
}

// sendIndication makes the message that a client would send.
func sendIndication(peer netip.AddrPort, payload []byte) []byte {
	return indicationToPeer(peer, payload, false)
}

// indicationToPeer makes a Send indication, with DONT-FRAGMENT if whole.
func indicationToPeer(peer netip.AddrPort, payload []byte, whole bool) []byte {
	var b wire.Builder
	b.Indication(wire.MethodSend, [wire.TransactionIDSize]byte{1, 2, 3})
	b.XORPeerAddress(peer)
	if whole {
		b.DontFragment()
	}
	b.Data(payload)
	return bytes.Clone(b.Bytes())
}

// parseData takes a Data indication apart.
func parseData(t *testing.T, b []byte) (peer netip.AddrPort, payload []byte) {
	t.Helper()
	var m wire.Message
	if r := m.Walk(b); r != wire.OK {
		t.Fatalf("got a bad message (%s): % x", r, b[:min(len(b), 64)])
	}
	if m.Method != wire.MethodData || m.Class != wire.ClassIndication {
		t.Fatalf("got method %s, class %d, want a Data indication", m.Method, m.Class)
	}
	peer, _, err := m.XORPeerAddress()
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := m.Get(wire.AttrData)
	if !ok {
		t.Fatal("got a Data indication without DATA")
	}
	return peer, payload
}

// payload returns n bytes that differ from those of another call.
func payload(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// openFiles counts the descriptors of the process; 0 where it cannot.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

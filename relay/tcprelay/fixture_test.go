package tcprelay_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

var (
	loopback = netip.MustParseAddrPort("127.0.0.1:0")
	alice    = tcprelay.Owner{User: tcprelay.User{Realm: "example.org", Name: "alice"}, Control: netip.MustParseAddrPort("192.0.2.1:4000")}
)

// fixture is a Relay with one allocation.
type fixture struct {
	t       testing.TB
	relay   *tcprelay.Relay
	buckets *bucket.Array
	a       *tcprelay.Allocation
	addr    netip.AddrPort // the relayed transport address
	offers  chan offered
}

// offered is a connection of a peer that was accepted, or the refusal.
type offered struct {
	peer netip.AddrPort
	id   uint32
	err  error
}

func start(t testing.TB, change ...func(*tcprelay.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, buckets: bucket.NewArray(64), offers: make(chan offered, 64)}
	cfg := tcprelay.Config{ConnectTimeout: patience, BindTimeout: time.Minute, Buckets: f.buckets}
	for _, c := range change {
		c(&cfg)
	}
	f.relay = tcprelay.New(cfg)
	t.Cleanup(f.relay.Close)
	f.a, f.addr = f.allocate(loopback, alice, tcprelay.Limits{})
	return f
}

// allocate starts an allocation whose peers are all accepted.
func (f *fixture) allocate(local netip.AddrPort, owner tcprelay.Owner, limits tcprelay.Limits) (*tcprelay.Allocation, netip.AddrPort) {
	f.t.Helper()
	l, err := f.relay.Listen(local)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.relay.Start(l, owner, limits, func(peer netip.AddrPort, accept func() (uint32, error)) {
		id, err := accept()
		f.offers <- offered{peer, id, err}
	}), l.Addr()
}

// peer is a listening peer.
func (f *fixture) peer(local netip.AddrPort) (*net.TCPListener, netip.AddrPort) {
	f.t.Helper()
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(local))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort()
}

// connect asks for a connection and waits for its number.
func (f *fixture) connect(a *tcprelay.Allocation, peer netip.AddrPort) (uint32, error) {
	f.t.Helper()
	type result struct {
		id  uint32
		err error
	}
	done := make(chan result, 1)
	if err := a.Connect(peer, func(id uint32, err error) { done <- result{id, err} }); err != nil {
		return 0, err
	}
	select {
	case r := <-done:
		return r.id, r.err
	case <-time.After(patience):
		f.t.Fatal("no outcome of a Connect")
		return 0, nil
	}
}

// mustConnect connects to a peer and returns the peer's end, too.
func (f *fixture) mustConnect(l *net.TCPListener) (uint32, *net.TCPConn) {
	f.t.Helper()
	id, err := f.connect(f.a, l.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		f.t.Fatal(err)
	}
	l.SetDeadline(time.Now().Add(patience))
	conn, err := l.AcceptTCP()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return id, conn
}

// pair opens a connection over loopback: the client's end, and the server's, which
// a worker has detached.
func (f *fixture) pair() (*net.TCPConn, *stream.Conn) {
	f.t.Helper()
	client, server := f.tcpPair()
	conn := stream.New(server)
	if err := conn.Detach(); err != nil {
		f.t.Fatal(err)
	}
	return client, conn
}

func (f *fixture) tcpPair() (client, server *net.TCPConn) {
	f.t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		f.t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr)); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { client.Close() })
	client.SetDeadline(time.Now().Add(patience))
	if server, err = l.AcceptTCP(); err != nil {
		f.t.Fatal(err)
	}
	return client, server
}

// bind gives a connection a client and returns the client's end.
func (f *fixture) bind(id uint32, in, out []byte) *net.TCPConn {
	f.t.Helper()
	client, conn := f.pair()
	binding, err := f.relay.Bind(id, alice.User)
	if err != nil {
		f.t.Fatal(err)
	}
	binding.Run(conn, in, out)
	return client
}

// joined is a pair of data connections that f relays between.
func (f *fixture) joined() (client, peer *net.TCPConn) {
	f.t.Helper()
	l, _ := f.peer(loopback)
	id, peer := f.mustConnect(l)
	return f.bind(id, nil, nil), peer
}

// wantStats waits for a state of the Relay.
func (f *fixture) wantStats(what string, reached func(tcprelay.Stats) bool) {
	f.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if reached(f.relay.Stats()) {
			return
		}
	}
	f.t.Errorf("got %+v, want %s", f.relay.Stats(), what)
}

func (f *fixture) wantNothing() {
	f.t.Helper()
	f.wantStats("no connection", func(s tcprelay.Stats) bool { return s.Bound == 0 && s.Unbound == 0 })
}

// wantBytes reads exactly what is expected.
func wantBytes(t testing.TB, conn io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes and error %v, want %d bytes as they were sent", n, err, len(want))
	}
}

// wantEnd wants the end of a connection, with nothing before it.
func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	n, err := conn.Read(make([]byte, 1))
	if e, ok := err.(net.Error); n > 0 || err == nil || ok && e.Timeout() {
		t.Errorf("got %d bytes and error %v, want the end of the connection", n, err)
	}
}

func write(t testing.TB, conn io.Writer, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

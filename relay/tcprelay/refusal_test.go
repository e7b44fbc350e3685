package tcprelay_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/relay/tcprelay"
)

func TestOneConnectionForEachPeer(t *testing.T) {
	f := start(t)
	l, at := f.peer(loopback)
	results := make(chan error, 1)
	if err := f.a.Connect(at, func(_ uint32, err error) { results <- err }); err != nil {
		t.Fatal(err)
	}
	if !f.a.Has(at) {
		t.Error("got no connection while a Connect is under way")
	}
	// Under way or done by now: it exists either way.
	if _, err := f.connect(f.a, at); !errors.Is(err, tcprelay.ErrExists) {
		t.Errorf("the second Connect: got %v, want %v", err, tcprelay.ErrExists)
	}
	if err := <-results; err != nil {
		t.Fatal(err)
	}
	if _, err := f.connect(f.a, at); !errors.Is(err, tcprelay.ErrExists) {
		t.Errorf("a Connect to a waiting one: got %v, want %v", err, tcprelay.ErrExists)
	}
	other, _ := f.allocate(loopback, alice, tcprelay.Limits{})
	if _, err := f.connect(other, at); err != nil {
		t.Errorf("from another allocation: got %v, want a connection", err)
	}
	l.Close()
	f.a.Close()
	if _, err := f.connect(f.a, at); !errors.Is(err, tcprelay.ErrClosed) {
		t.Errorf("of an allocation that has ended: got %v, want %v", err, tcprelay.ErrClosed)
	}
	if got := f.relay.Stats().Unbound; got != 1 {
		t.Errorf("got %d connections, want that of the other allocation", got)
	}
}

func TestConnectFails(t *testing.T) {
	f := start(t)
	l, at := f.peer(loopback)
	l.Close()
	if _, err := f.connect(f.a, at); !errors.Is(err, tcprelay.ErrConnect) || !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("closed port: got %v, want %v", err, tcprelay.ErrConnect)
	}
	if got := f.relay.Stats(); got.Failed != 1 || got.TimedOut != 0 || got.Unbound != 0 {
		t.Errorf("got %+v, want one failure and nothing left", got)
	}
	if f.a.Has(at) {
		t.Error("the peer of a failed Connect is still taken, want it free")
	}
}

// A peer that never answers costs no longer than the timeout, and nothing when the
// allocation ends before.
func TestConnectTimesOut(t *testing.T) {
	at := deaf(t)
	f := start(t, func(c *tcprelay.Config) { c.ConnectTimeout = 50 * time.Millisecond })
	if _, err := f.connect(f.a, at); !errors.Is(err, tcprelay.ErrConnect) {
		t.Errorf("got %v, want %v", err, tcprelay.ErrConnect)
	}
	if got := f.relay.Stats(); got.TimedOut != 1 || got.Failed != 0 || got.Unbound != 0 {
		t.Errorf("got %+v, want one timeout and nothing left", got)
	}
	patient := start(t)
	result := make(chan error, 1)
	if err := patient.a.Connect(at, func(_ uint32, err error) { result <- err }); err != nil {
		t.Fatal(err)
	}
	patient.a.Close()
	if err := <-result; !errors.Is(err, tcprelay.ErrClosed) {
		t.Errorf("the allocation ended: got %v, want %v", err, tcprelay.ErrClosed)
	}
	patient.wantNothing()
}

// deaf is the address of a listening socket whose queue is full: the kernel drops
// what else asks for a connection.
func deaf(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(loopback.Addr(), uint16(name.(*unix.SockaddrInet4).Port))
	for range 10 { // fewer fit, and loopback answers in no time
		conn, err := net.DialTimeout("tcp", at.String(), time.Second)
		if err != nil {
			return at
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("a listening socket takes connections without end")
	return at
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name   string
		config func(*tcprelay.Config)
		limits tcprelay.Limits
		want   error
	}{
		{"of the allocation", func(*tcprelay.Config) {}, tcprelay.Limits{Connections: 2}, tcprelay.ErrTooMany},
		{"without a client, in all", func(c *tcprelay.Config) { c.MaxUnbound = 2 }, tcprelay.Limits{}, tcprelay.ErrTooManyUnbound},
		{"without a client, of one client", func(c *tcprelay.Config) { c.MaxUnboundPerClient = 2 }, tcprelay.Limits{}, tcprelay.ErrTooManyUnbound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, test.config)
			a, addr := f.allocate(loopback, alice, test.limits)
			var ids []uint32
			connect := func() error {
				l, at := f.peer(loopback)
				id, err := f.connect(a, at)
				if err == nil {
					ids = append(ids, id)
					go func() { // the peer stays as long as the client does
						if conn, err := l.Accept(); err == nil {
							io.Copy(io.Discard, conn)
							conn.Close()
						}
					}()
				}
				return err
			}
			for range 2 {
				if err := connect(); err != nil {
					t.Fatal(err)
				}
			}
			if err := connect(); !errors.Is(err, test.want) {
				t.Errorf("the third: got %v, want %v", err, test.want)
			}
			peer, err := net.Dial("tcp", addr.String())
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			if offer := <-f.offers; !errors.Is(offer.err, test.want) {
				t.Errorf("of a peer: got %v, want %v", offer.err, test.want)
			}
			peer.SetDeadline(time.Now().Add(patience))
			wantEnd(t, peer)

			// With a client, it counts for the allocation only.
			client := f.bind(ids[0], nil, nil)
			if err := connect(); errors.Is(test.want, tcprelay.ErrTooManyUnbound) != (err == nil) {
				t.Errorf("once one has its client: got %v", err)
			}
			client.Close()
			f.wantStats("the end of the pair", func(s tcprelay.Stats) bool { return s.Bound == 0 })
			a.SetLimits(tcprelay.Limits{Connections: 10})
			if test.want == tcprelay.ErrTooMany {
				if err := connect(); err != nil {
					t.Errorf("after the limit was raised: got %v, want a connection", err)
				}
			}
			a.Close()
			f.wantNothing()
		})
	}
}

// IPv6 clients count by /64, and others do not pay for them.
func TestUnboundPerClientNetwork(t *testing.T) {
	f := start(t, func(c *tcprelay.Config) { c.MaxUnboundPerClient = 1 })
	connect := func(client string) error {
		owner := alice
		owner.Control = netip.MustParseAddrPort(client)
		a, _ := f.allocate(loopback, owner, tcprelay.Limits{})
		_, at := f.peer(loopback)
		_, err := f.connect(a, at)
		return err
	}
	for _, test := range []struct {
		client string
		want   error
	}{
		{"[2001:db8::1]:1", nil},
		{"[2001:db8::ffff]:2", tcprelay.ErrTooManyUnbound},
		{"[2001:db8:0:1::1]:1", nil},
		{"192.0.2.7:1", nil},
		{"192.0.2.7:2", tcprelay.ErrTooManyUnbound},
		{"192.0.2.8:1", nil},
	} {
		if err := connect(test.client); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.client, err, test.want)
		}
	}
}

func TestBindRefuses(t *testing.T) {
	f := start(t)
	l, _ := f.peer(loopback)
	id, peer := f.mustConnect(l)
	for name, test := range map[string]struct {
		id   uint32
		user tcprelay.User
		want error
	}{
		"another number": {id + 1, alice.User, tcprelay.ErrUnknown},
		"another user":   {id, tcprelay.User{Realm: alice.Realm, Name: "bob"}, tcprelay.ErrWrongUser},
		"another realm":  {id, tcprelay.User{Realm: "example.net", Name: alice.Name}, tcprelay.ErrWrongUser},
		"a bearer":       {id, tcprelay.User{Realm: alice.Realm, Name: alice.Name, IsBearer: true}, tcprelay.ErrWrongUser},
	} {
		if _, err := f.relay.Bind(test.id, test.user); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	binding, err := f.relay.Bind(id, alice.User)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.relay.Bind(id, alice.User); !errors.Is(err, tcprelay.ErrUnknown) {
		t.Errorf("a second time: got %v, want %v", err, tcprelay.ErrUnknown)
	}
	binding.Abandon()
	wantEnd(t, peer)
	f.wantNothing()
}

// A connection that no client comes for is closed, and its peer can be connected to
// again.
func TestUnboundExpires(t *testing.T) {
	f := start(t, func(c *tcprelay.Config) { c.BindTimeout = 20 * time.Millisecond })
	l, _ := f.peer(loopback)
	id, peer := f.mustConnect(l)
	wantEnd(t, peer)
	if _, err := f.relay.Bind(id, alice.User); !errors.Is(err, tcprelay.ErrUnknown) {
		t.Errorf("too late: got %v, want %v", err, tcprelay.ErrUnknown)
	}
	arrived, err := net.Dial("tcp", f.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer arrived.Close()
	arrived.SetDeadline(time.Now().Add(patience))
	wantEnd(t, arrived)
	f.wantStats("both expired", func(s tcprelay.Stats) bool { return s.Expired == 2 && s.Unbound == 0 })
}

package fastpath_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// streamLimits are wide enough for every test that does not set its own.
var streamLimits = fastpath.StreamLimits{
	AuthenticationTimeout: minute, UnauthenticatedBytes: 1 << 20, IdleTimeout: minute, BacklogBytes: 256 << 10,
}

// tcpPair opens a connection over loopback and returns both ends.
func tcpPair(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = l.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// streamClient is a client whose stream a worker serves.
type streamClient struct {
	t    *testing.T
	conn *net.TCPConn
	id   fastpath.StreamID
	addr netip.AddrPort
}

// connect hands a new connection to the worker.
func (f *fixture) connect() *streamClient {
	f.t.Helper()
	client, server := tcpPair(f.t)
	return f.adopt(client, server)
}

// adopt hands a connection to the worker, and calls then before any tick.
func (f *fixture) adopt(client, server *net.TCPConn, then ...func(*fastpath.Worker, *streamClient)) *streamClient {
	f.t.Helper()
	c := &streamClient{t: f.t, conn: client, addr: client.LocalAddr().(*net.TCPAddr).AddrPort()}
	conn := stream.New(server)
	s := fastpath.Stream{Conn: conn, Client: c.addr, Server: server.LocalAddr().(*net.TCPAddr).AddrPort()}
	if err := stream.Tune(server, stream.Options{KeepAlive: minute, UserTimeout: minute}); err != nil {
		f.t.Fatal(err)
	}
	if err := conn.Detach(); err != nil {
		f.t.Fatal(err)
	}
	var err error
	f.on(func(w *fastpath.Worker) {
		c.id, err = w.AddStream(s)
		for _, do := range then {
			do(w, c)
		}
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (c *streamClient) send(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// receive returns the next frame, padding and all.
func (c *streamClient) receive() []byte {
	c.t.Helper()
	frame, err := c.next()
	if err != nil {
		c.t.Fatal(err)
	}
	return frame
}

func (c *streamClient) next() ([]byte, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	head := make([]byte, 4, wire.MaxFrame)
	if _, err := io.ReadFull(c.conn, head); err != nil {
		return nil, err
	}
	size, reason := wire.FrameSize(head)
	if reason != wire.OK {
		return nil, errors.New("not a frame: " + reason.String())
	}
	_, err := io.ReadFull(c.conn, head[4:size])
	return head[:size], err
}

// wantClosed waits for the end of the connection, with nothing before it.
func (c *streamClient) wantClosed() {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	n, err := c.conn.Read(make([]byte, 1))
	if n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("got %d bytes and error %v, want the end of the connection", n, err)
	}
}

// publishFor makes an allocation for a stream's client.
func (f *fixture) publishFor(c *streamClient, change ...func(*fastpath.Allocation)) allocation {
	f.t.Helper()
	return f.publish(c.addr, loopback4, append(change, func(a *fastpath.Allocation) { a.Stream = c.id })...)
}

// padded is a ChannelData message as a stream has it.
func padded(number uint16, payload []byte) []byte {
	b := channelData(number, payload)
	return append(b, make([]byte, -len(b)&3)...)
}

// wantStreamsClosed waits until so many streams were closed for a reason.
func (f *fixture) wantStreamsClosed(reason fastpath.CloseReason, want uint64) {
	f.t.Helper()
	eventually(f.t, func() bool { return f.worker.Stats().StreamsClosed[reason] >= want })
	if got := f.worker.Stats().StreamsClosed[reason]; got != want {
		f.t.Errorf("got %d streams closed for %s, want %d", got, reason, want)
	}
}

// Frames arrive whole however the stream is cut: at every byte, at random
// places, or many in one piece.
func TestFramesCutAnywhere(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	client, peer := f.connect(), newEndpoint(t, loopback4)
	a := f.publishFor(client)
	f.bind(a, 0x4001, peer.addr)
	var all []byte
	var want [][]byte
	for _, size := range []int{0, 1, 2, 3, 4, 5, 200, 1199, 1200, 3000} {
		p := payload(size)
		all = append(append(all, padded(0x4001, p)...), sendIndication(peer.addr, p)...)
		want = append(want, p, p)
	}
	cuts := map[string]func() int{
		"everything at once": func() int { return len(all) },
		"byte by byte":       func() int { return 1 },
		"three bytes":        func() int { return 3 },
		"random":             func() int { return 1 + rand.IntN(500) },
	}
	for name, next := range cuts {
		t.Run(name, func(t *testing.T) {
			go func() {
				for rest := all; len(rest) > 0; {
					n := min(next(), len(rest))
					if _, err := client.conn.Write(rest[:n]); err != nil {
						return
					}
					rest = rest[n:]
				}
			}()
			for _, p := range want {
				peer.want(a.relayed, p)
			}
		})
	}
}

// The longest frames of both kinds pass: what is too long for a datagram is
// dropped, and the frame behind it is found.
func TestLongestFrames(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	client, peer := f.connect(), newEndpoint(t, loopback4)
	a := f.publishFor(client)
	f.bind(a, 0x4001, peer.addr)
	client.send(padded(0x4001, payload(65535)))
	longest := make([]byte, wire.MaxFrame)
	copy(longest, []byte{0, 0x16, 0xFF, 0xFC, 0x21, 0x12, 0xA4, 0x42})
	client.send(longest)
	p := payload(65507)
	client.send(padded(0x4001, p))
	peer.want(a.relayed, p)
	f.wantDrops(fastpath.DropTooLong, 1)
	peer.send(a.relayed, p)
	if got := client.receive(); !bytes.Equal(got, padded(0x4001, p)) {
		t.Errorf("got %d bytes % x…, want the longest payload as padded ChannelData", len(got), got[:8])
	}
}

// What peers send reaches a stream client padded, with and without a channel.
func TestToStreamClient(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	client, peer, stranger := f.connect(), newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publishFor(client)
	f.bind(a, 0x4001, peer.addr)
	for size := range 9 {
		p := payload(size)
		peer.send(a.relayed, p)
		if got := client.receive(); !bytes.Equal(got, padded(0x4001, p)) {
			t.Errorf("size %d: got % x, want padded ChannelData of % x", size, got, p)
		}
		stranger.send(a.relayed, p)
		from, got := parseData(t, client.receive())
		if from != stranger.addr || !bytes.Equal(got, p) {
			t.Errorf("size %d: got % x from %s, want % x from %s", size, got, from, p, stranger.addr)
		}
	}
	f.on(func(*fastpath.Worker) {}) // the round that counted is over
	if s := f.worker.Stats(); s.ToClientPackets != 18 || s.ToClientBytes != 72 || s.StreamsTCP != 1 {
		t.Errorf("got %d packets, %d bytes, %d streams, want 18, 72 and 1", s.ToClientPackets, s.ToClientBytes, s.StreamsTCP)
	}
}

// Control sees where a message came from, and answers by the stream.
func TestControlOfStreams(t *testing.T) {
	seen := make(chan fastpath.Message, 1)
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits, Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			seen <- batch[i]
			w.Reply(&batch[i], batch[i].Data)
		}
	}})
	client := f.connect()
	request := make([]byte, 20)
	copy(request, []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42})
	client.send(request)
	m := <-seen
	if m.Client != client.addr || m.Server != client.conn.RemoteAddr().(*net.TCPAddr).AddrPort() || m.Stream != client.id || m.Transport != fastpath.TransportTCP {
		t.Errorf("got a message from %s to %s, stream %d, transport %d, want the ends of the connection, %d and TCP", m.Client, m.Server, m.Stream, m.Transport, client.id)
	}
	if got := client.receive(); !bytes.Equal(got, request) {
		t.Errorf("got % x, want the answer", got)
	}
	// An answer to a stream that is gone goes nowhere.
	f.on(func(w *fastpath.Worker) { w.EvictStream(client.id) })
	client.wantClosed()
	f.on(func(w *fastpath.Worker) { w.Reply(&m, request) })
	f.wantDrops(fastpath.DropNoListener, 1)
}

// What no frame begins with ends the stream, and so does an early end of time,
// of bytes or of the client. An authenticated stream has other bounds.
func TestWhyStreamsAreClosed(t *testing.T) {
	request := []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	short := func(change func(*fastpath.StreamLimits)) fastpath.StreamLimits {
		limits := streamLimits
		change(&limits)
		return limits
	}
	authenticate := func(f *fixture, c *streamClient) {
		f.on(func(w *fastpath.Worker) { w.Authenticated(c.id) })
	}
	tests := []struct {
		name   string
		limits fastpath.StreamLimits
		do     func(f *fixture, c *streamClient)
		reason fastpath.CloseReason
	}{
		{"TLS on a plain stream", streamLimits, func(_ *fixture, c *streamClient) { c.send([]byte{22, 3, 1}) }, fastpath.CloseMalformed},
		{"first bits 10", streamLimits, func(_ *fixture, c *streamClient) { c.send([]byte{0x80}) }, fastpath.CloseMalformed},
		{"STUN of odd length", streamLimits, func(_ *fixture, c *streamClient) { c.send([]byte{0, 1, 0, 3}) }, fastpath.CloseMalformed},
		{"another cookie", streamLimits, func(_ *fixture, c *streamClient) { c.send(append(request, 0, 1, 0, 0, 9, 9, 9, 9)) }, fastpath.CloseMalformed},
		{"end by the client", streamLimits, func(_ *fixture, c *streamClient) { c.conn.CloseWrite() }, fastpath.CloseClient},
		{"end within a frame", streamLimits, func(_ *fixture, c *streamClient) { c.send([]byte{0, 1}); c.conn.CloseWrite() }, fastpath.CloseClient},
		{"slow client", short(func(l *fastpath.StreamLimits) { l.AuthenticationTimeout = 0 }),
			func(_ *fixture, c *streamClient) { c.send([]byte{0}) }, fastpath.CloseTimeout},
		{"too many bytes", short(func(l *fastpath.StreamLimits) { l.UnauthenticatedBytes = 99 }),
			func(_ *fixture, c *streamClient) { c.send(bytes.Repeat(request, 5)) }, fastpath.CloseBytes},
		{"too many bytes of one frame", short(func(l *fastpath.StreamLimits) { l.UnauthenticatedBytes = 99 }),
			func(_ *fixture, c *streamClient) { c.send(padded(0x4000, payload(1000))[:100]) }, fastpath.CloseBytes},
		{"idle client", short(func(l *fastpath.StreamLimits) { l.IdleTimeout = 0 }), authenticate, fastpath.CloseIdle},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			settled := make(chan struct{}, 2)
			f := start(t, loopback4, fastpath.Config{Streams: test.limits, StreamClosed: func(_ *fastpath.Worker, from *fastpath.Message) {
				if from.Stream != 0 {
					settled <- struct{}{}
				}
			}})
			c := f.connect()
			test.do(f, c)
			c.wantClosed()
			f.wantStreamsClosed(test.reason, 1)
			if len(settled) != 1 {
				t.Errorf("control was told %d times, want once", len(settled))
			}
		})
	}
}

// An authenticated client may send more than a stranger, and one with an
// allocation may be silent.
func TestBoundsOfStrangersAreLifted(t *testing.T) {
	limits := fastpath.StreamLimits{AuthenticationTimeout: 0, UnauthenticatedBytes: 10, IdleTimeout: 0, BacklogBytes: 256 << 10}
	var ticks atomic.Int32
	f := start(t, loopback4, fastpath.Config{Streams: limits, Tick: func(*fastpath.Worker, time.Time) bool { ticks.Add(1); return false }})
	peer, relay := newEndpoint(t, loopback4), listen(t, loopback4, udpbatch.Options{})
	a := allocation{relay: relay, relayed: relay.Local()}
	near, far := tcpPair(t)
	var err error
	client := f.adopt(near, far, func(w *fastpath.Worker, c *streamClient) {
		w.Authenticated(c.id)
		a.id, err = w.Publish(fastpath.Allocation{Client: c.addr, Stream: c.id, Relay: relay, Lifetime: minute})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.bind(a, 0x4001, peer.addr)
	swept := ticks.Load()
	eventually(t, func() bool { return ticks.Load() > swept })
	p := payload(1000)
	client.send(padded(0x4001, p))
	peer.want(a.relayed, p)
	f.on(func(w *fastpath.Worker) { w.EvictStream(client.id) }) // only strangers are evicted
	client.send(padded(0x4001, p))
	peer.want(a.relayed, p)
}

// A client that stops reading loses its own datagrams, the oldest first, and no
// others; what it gets in the end is whole and in order, and its answers are all
// there.
func TestBackPressure(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits, Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			w.Reply(&batch[i], batch[i].Data)
		}
	}})
	slow, peer := f.connect(), newEndpoint(t, loopback4)
	a := f.publishFor(slow)
	f.bind(a, 0x4001, peer.addr)
	brisk, other := f.connect(), newEndpoint(t, loopback4)
	b := f.publishFor(brisk)
	f.bind(b, 0x4001, other.addr)

	p := payload(1000)
	sent := uint16(0)
	for f.worker.Stats().Drops[fastpath.DropClientBacklog] < 100 {
		for range 20 {
			sent++
			p[0], p[1] = byte(sent>>8), byte(sent)
			peer.send(a.relayed, p)
		}
		q := payload(300)
		other.send(b.relayed, q)
		if got := brisk.receive(); !bytes.Equal(got, padded(0x4001, q)) {
			t.Fatalf("got % x…, want the datagram for the client that reads", got[:8])
		}
	}
	request := []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	slow.send(request)
	var last, answers, got uint16
	for last != sent || answers == 0 {
		frame := slow.receive()
		if bytes.Equal(frame, request) {
			answers++
			continue
		}
		n := uint16(frame[4])<<8 | uint16(frame[5])
		if n <= last || !bytes.Equal(frame[6:], p[2:]) {
			t.Fatalf("got datagram %d after %d, want whole ones in order", n, last)
		}
		last = n
		got++
	}
	f.on(func(*fastpath.Worker) {})
	f.on(func(*fastpath.Worker) {})
	drops := f.worker.Stats().Drops
	if lost := uint64(sent - got); lost == 0 || lost < drops[fastpath.DropClientBacklog] || total(drops) != drops[fastpath.DropClientBacklog] {
		t.Errorf("got %d of %d datagrams and drops %v, want drops of the backlog only", got, sent, drops)
	}
	f.on(func(w *fastpath.Worker) {
		if traffic := w.Traffic(a.id); traffic.ToClientPackets != uint64(got) || traffic.Dropped != drops[fastpath.DropClientBacklog] {
			t.Errorf("got traffic %+v, want %d packets and %d dropped", traffic, got, drops[fastpath.DropClientBacklog])
		}
	})
}

// Too many answers that are not taken stop the reading of requests, and all of
// them come in the end.
func TestUntakenAnswersStopRequests(t *testing.T) {
	handled := 0
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits, Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			handled++
			w.Reply(&batch[i], batch[i].Data)
		}
	}})
	c := f.connect()
	f.on(func(w *fastpath.Worker) { w.Authenticated(c.id) })
	request := make([]byte, 1020)
	copy(request, []byte{0, 1, 0x03, 0xE8, 0x21, 0x12, 0xA4, 0x42})
	const requests = 30000 // more than both kernels' queues hold
	go func() {
		for range requests {
			if _, err := c.conn.Write(request); err != nil {
				return
			}
		}
	}()
	eventually(t, func() bool {
		before, after := 0, 0
		f.on(func(*fastpath.Worker) { before = handled })
		for range 50 {
			f.on(func(*fastpath.Worker) { after = handled })
		}
		return before > 0 && before == after
	})
	for i := range requests {
		if got := c.receive(); !bytes.Equal(got, request) {
			t.Fatalf("answer %d: got % x…, want the request", i, got[:8])
		}
	}
}

// A new connection by the path of one that has ended unseen takes its place.
func TestStreamReplaced(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	client, server := tcpPair(t)
	c := f.adopt(client, server)
	_, again := tcpPair(t)
	conn := stream.New(again)
	if err := conn.Detach(); err != nil {
		t.Fatal(err)
	}
	var err error
	f.on(func(w *fastpath.Worker) {
		_, err = w.AddStream(fastpath.Stream{Conn: conn, Client: c.addr, Server: client.RemoteAddr().(*net.TCPAddr).AddrPort()})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.wantClosed()
	f.wantStreamsClosed(fastpath.CloseReplaced, 1)
}

// An allocation that control code leaves when its stream ends reaches nobody,
// also when the next client comes.
func TestForgottenAllocationReachesNobody(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{Streams: streamLimits})
	client, peer := f.connect(), newEndpoint(t, loopback4)
	a := f.publishFor(client)
	f.bind(a, 0x4001, peer.addr)
	client.conn.Close()
	f.wantStreamsClosed(fastpath.CloseClient, 1)
	f.connect()
	peer.send(a.relayed, []byte("for whom?"))
	f.wantDrops(fastpath.DropNoListener, 1)
	f.on(func(w *fastpath.Worker) { w.Withdraw(a.id) })
}

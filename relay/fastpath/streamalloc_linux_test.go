//go:build !race && !portable

package fastpath

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// streamBench adds a stream with an allocation and a channel to a bench, and
// returns the client's end.
func streamBench(t *testing.T, b *bench) (*net.TCPConn, *clientStream, *allocation) {
	t.Helper()
	b.streams.limits = StreamLimits{AuthenticationTimeout: time.Hour, UnauthenticatedBytes: 1 << 40, IdleTimeout: time.Hour, BacklogBytes: 256 << 10}
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	conn := stream.New(server)
	if err := conn.Detach(); err != nil {
		t.Fatal(err)
	}
	from := client.LocalAddr().(*net.TCPAddr).AddrPort()
	sid, err := b.AddStream(Stream{Conn: conn, Client: from, Server: client.RemoteAddr().(*net.TCPAddr).AddrPort()})
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.Publish(Allocation{Client: from, Stream: sid, Relay: udpbatch.Discard(from), Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	peer := b.peers[0].AddrPort()
	if err := b.Permit(id, peer.Addr(), time.Hour, false); err != nil {
		t.Fatal(err)
	}
	if err := b.Bind(id, benchNumber, peer, time.Hour, false); err != nil {
		t.Fatal(err)
	}
	b.streams.again = b.streams.again[:0]
	return client, b.streams.get(sid), b.tables.allocations.at(id)
}

// Frames of streams do not allocate in either direction, the partial one that
// each read leaves included.
func TestStreamsDoNotAllocate(t *testing.T) {
	b := newBench(t, 1)
	client, s, a := streamBench(t, b)
	frame := make([]byte, wire.ChannelHeaderSize+200)
	wire.PutChannelHeader(frame, benchNumber, 200)
	var many []byte
	for range batchPackets {
		many = append(many, frame...)
	}
	half := len(frame) / 2
	before := b.counters.local[countToPeerPackets]
	rounds := uint64(0)
	if got := testing.AllocsPerRun(200, func() {
		rounds++
		if _, err := client.Write(many[:len(many)-half]); err != nil {
			t.Fatal(err)
		}
		for b.counters.local[countToPeerPackets] < before+rounds*batchPackets-1 {
			b.serveStream(s)
		}
		if _, err := client.Write(many[len(many)-half:]); err != nil {
			t.Fatal(err)
		}
		for b.counters.local[countToPeerPackets] < before+rounds*batchPackets {
			b.serveStream(s)
		}
	}); got != 0 {
		t.Errorf("to peer: got %v allocations for a batch, want 0", got)
	}
	back := make([]byte, len(many))
	if got := testing.AllocsPerRun(200, func() {
		for range batchPackets {
			if reason := b.queueToStream(a, frame[:wire.ChannelHeaderSize], frame[wire.ChannelHeaderSize:], nil); reason != dropNone {
				t.Fatal(reason)
			}
		}
		b.flushStreams()
		if _, err := io.ReadFull(client, back); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("to client: got %v allocations for a batch, want 0", got)
	}
	if s.out.buf != nil || s.partial != nil {
		t.Error("an idle stream holds buffers, want none")
	}
}

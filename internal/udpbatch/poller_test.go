package udpbatch_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

func newPoller(t *testing.T, events int) *udpbatch.Poller {
	t.Helper()
	p, err := udpbatch.NewPoller(events)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// wait waits for events of sockets and returns their tokens.
func wait(t *testing.T, p *udpbatch.Poller) map[uint32]bool {
	t.Helper()
	n, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make(map[uint32]bool)
	for i := range n {
		e := p.Event(i)
		if !e.Readable {
			t.Errorf("got event %+v, want a readable socket", e)
		}
		tokens[e.Token] = true
	}
	return tokens
}

func send(t *testing.T, from, to *udpbatch.Conn, packets int) {
	t.Helper()
	b := udpbatch.NewSendBatch(packets, packets)
	addr := udpbatch.AddrOf(to.Local())
	for range packets {
		b.Append([]byte("x"), &addr)
	}
	if s := from.Send(b); s.Failed > 0 {
		t.Fatal(b.Err(0))
	}
}

func TestPollerReports(t *testing.T) {
	p := newPoller(t, 8)
	a, b, sender := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
	for token, c := range map[uint32]*udpbatch.Conn{7: a, 1 << 31: b} {
		if err := p.Add(c, token); err != nil {
			t.Fatal(err)
		}
	}
	recv := newRecvBatch(t)
	send(t, sender, a, 3)
	for got := 0; got < 3; { // what is left is reported again
		if tokens := wait(t, p); !tokens[7] || len(tokens) != 1 {
			t.Fatalf("got events of %v, want one of 7", tokens)
		}
		got += a.Recv(recv, 0, 1).Packets
	}
	send(t, sender, b, 1)
	if tokens := wait(t, p); !tokens[1<<31] || len(tokens) != 1 {
		t.Fatalf("got events of %v, want one of the other socket", tokens)
	}
	receive(t, b, recv, 0, 1)

	if err := p.Remove(a); err != nil {
		t.Fatal(err)
	}
	send(t, sender, a, 1)
	send(t, sender, b, 1)
	if tokens := wait(t, p); tokens[7] {
		t.Error("got an event of a socket that was removed")
	}
}

func TestPollerWake(t *testing.T) {
	p := newPoller(t, 1)
	for range 3 {
		go p.Wake()
		for ended := time.Now().Add(patience); ; {
			if n, err := p.Wait(patience); n != 0 || err != nil {
				t.Fatalf("got %d events and error %v, want a wake-up", n, err)
			}
			if p.Woken() {
				break
			}
			if time.Now().After(ended) {
				t.Fatal("Wake did not end Wait")
			}
		}
	}
	if n, err := p.Wait(time.Millisecond); n != 0 || err != nil || p.Woken() {
		t.Errorf("got %d events, woken %t, error %v, want a time-out", n, p.Woken(), err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p.Wake() // does no harm
}

// More sockets than events fit are all served in turn.
func TestPollerIsFair(t *testing.T) {
	const sockets = 10
	p := newPoller(t, 3)
	sender, recv := listen(t, "127.0.0.1", udpbatch.Options{}), newRecvBatch(t)
	conns := make(map[uint32]*udpbatch.Conn)
	for i := range uint32(sockets) {
		conns[i] = listen(t, "127.0.0.1", udpbatch.Options{})
		if err := p.Add(conns[i], i); err != nil {
			t.Fatal(err)
		}
		send(t, sender, conns[i], 1)
	}
	for served := 0; served < sockets; {
		for token := range wait(t, p) {
			served += conns[token].Recv(recv, 0, 1).Packets
		}
	}
}

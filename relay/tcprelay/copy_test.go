package tcprelay_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// One side says that it has no more to send; the other one still answers.
func TestHalfClose(t *testing.T) {
	for _, name := range []string{"client first", "peer first"} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			first, second := f.joined()
			if name == "peer first" {
				first, second = second, first
			}
			question, answer := randomBytes(100_000), randomBytes(2_000_000)
			go func() {
				first.Write(question)
				first.CloseWrite()
			}()
			if got, err := io.ReadAll(second); err != nil || !bytes.Equal(got, question) {
				t.Fatalf("got %d bytes and error %v, want the question and its end", len(got), err)
			}
			go func() {
				second.Write(answer)
				second.Close()
			}()
			if got, err := io.ReadAll(first); err != nil || !bytes.Equal(got, answer) {
				t.Fatalf("got %d bytes and error %v, want the answer and its end", len(got), err)
			}
			f.wantNothing()
		})
	}
}

// What a side has sent before it closes arrives, however slowly the other one reads,
// and although that one sends as well.
func TestNothingIsLostAtTheEnd(t *testing.T) {
	for _, name := range []string{"client closes", "peer closes"} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			first, second := f.joined()
			if name == "peer closes" {
				first, second = second, first
			}
			write(t, second, randomBytes(1000)) // nobody will read it
			payload := randomBytes(3_000_000)
			go func() {
				first.Write(payload)
				io.ReadFull(first, make([]byte, 1000))
				first.Close()
			}()
			got := make([]byte, 0, len(payload))
			piece := make([]byte, 4096)
			for {
				n, err := second.Read(piece)
				got = append(got, piece[:n]...)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("after %d bytes: %v", len(got), err)
				}
			}
			if !bytes.Equal(got, payload) {
				t.Errorf("got %d bytes, want the %d that were sent", len(got), len(payload))
			}
			second.Close()
			f.wantNothing()
		})
	}
}

// A side that is reset takes the pair with it, after what it had sent.
func TestReset(t *testing.T) {
	f := start(t)
	client, peer := f.joined()
	write(t, client, []byte("last words"))
	wantBytes(t, peer, []byte("last words"))
	client.SetLinger(0)
	client.Close()
	wantEnd(t, peer)
	peer.Close()
	f.wantNothing()
}

// Two peers that hold their payload back do not hold up each other, and a peer that
// reads nothing stops its client.
func TestFlowControl(t *testing.T) {
	f := start(t)
	client, _ := f.joined()
	other, reads := f.joined()
	client.SetDeadline(time.Now().Add(500 * time.Millisecond))
	sent := 0
	for {
		n, err := client.Write(make([]byte, 1<<20))
		sent += n
		if err != nil {
			break
		}
		if sent > 1<<30 {
			t.Fatal("a client sends without end to a peer that reads nothing")
		}
	}
	write(t, other, []byte("hello"))
	wantBytes(t, reads, []byte("hello"))
}

// The end of an allocation, and a peer that is no longer allowed, end connections in
// every state.
func TestCloseEndsEveryState(t *testing.T) {
	for _, name := range []string{"allocation", "peers"} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			client, bound := f.joined()
			l, _ := f.peer(loopback)
			_, unbound := f.mustConnect(l)
			kept := f.bindKept(t)
			result := make(chan error, 1)
			at := deaf(t)
			if err := f.a.Connect(at, func(_ uint32, err error) { result <- err }); err != nil {
				t.Fatal(err)
			}
			if name == "allocation" {
				f.a.Close()
				f.a.Close()
				wantEnd(t, kept)
			} else {
				f.a.CloseUnless(func(peer netip.AddrPort) bool { return peer.Addr() == keptAddr.Addr() })
				write(t, kept, []byte("still here"))
			}
			for _, conn := range []net.Conn{client, bound, unbound} {
				wantEnd(t, conn)
			}
			if err := <-result; err == nil {
				t.Error("a Connect under way: got success, want an error")
			}
			if name == "allocation" {
				f.wantNothing()
				if _, err := net.Dial("tcp", f.addr.String()); err == nil {
					t.Error("the relayed transport address still accepts")
				}
			} else {
				f.wantStats("the kept one", func(s tcprelay.Stats) bool { return s.Bound == 1 && s.Unbound == 0 })
			}
		})
	}
}

var keptAddr = netip.MustParseAddrPort("127.0.0.9:0")

// bindKept joins a peer at another address, and returns the client's end.
func (f *fixture) bindKept(t *testing.T) net.Conn {
	t.Helper()
	l, _ := f.peer(keptAddr)
	id, _ := f.mustConnect(l)
	return f.bind(id, nil, nil)
}

// Payload is slowed down to what every bucket allows, and arrives whole.
func TestBandwidth(t *testing.T) {
	for _, place := range []int{0, 1, tcprelay.NumBuckets - 1} {
		f := start(t)
		const bits, burst = 8_000_000, 10 * time.Millisecond
		var limits tcprelay.Limits
		var reserved []bucket.Index
		for d := range limits.Buckets {
			i, ok := f.buckets.Reserve(bits, burst)
			if !ok {
				t.Fatal("no bucket")
			}
			limits.Buckets[d][place] = i
			reserved = append(reserved, i)
		}
		f.a.SetLimits(limits)
		client, peer := f.joined()
		payload := randomBytes(400_000)
		begin := time.Now()
		go client.Write(payload)
		go peer.Write(payload)
		wantBytes(t, peer, payload)
		wantBytes(t, client, payload)
		// A full bucket admits one chunk, whatever its size; the rest is paid for.
		least := time.Duration(len(payload)-bucket.MaxBytes)*time.Microsecond - burst
		if took := time.Since(begin); took < least {
			t.Errorf("bucket %d: got %s for %d bytes, want at least %s", place, took, len(payload), least)
		}
		// A limit that is lifted is noticed by who waits.
		for _, i := range reserved {
			f.buckets.SetRate(i, 1000, burst)
		}
		go client.Write(payload)
		wantBytes(t, peer, payload[:1])
		for _, i := range reserved {
			f.buckets.SetRate(i, 0, burst)
		}
		wantBytes(t, peer, payload[1:])
		f.a.Close()
		f.wantNothing()
	}
}

// Nobody draws on the buckets of an allocation that has ended, and nobody waits for
// them.
func TestCloseStopsCharging(t *testing.T) {
	f := start(t)
	var limits tcprelay.Limits
	for d := range limits.Buckets {
		limits.Buckets[d][0], _ = f.buckets.Reserve(1000, time.Millisecond)
	}
	f.a.SetLimits(limits)
	client, peer := f.joined()
	go client.Write(randomBytes(500_000)) // minutes
	go peer.Write(randomBytes(500_000))
	for _, conn := range []io.Reader{peer, client} {
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	f.a.Close()
	for _, buckets := range limits.Buckets {
		f.buckets.SetRate(buckets[0], 0, 0) // would admit everything
	}
	f.wantNothing()
	f.relay.Close()
	toPeer, toClient := f.a.Traffic()
	if toPeer == 0 || toPeer+toClient > 4*bucket.MaxBytes {
		t.Errorf("got %d and %d bytes counted, want the first chunks only", toPeer, toClient)
	}
}

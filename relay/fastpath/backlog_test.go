package fastpath

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// queuedModel is a frame in a naive backlog: a list.
type queuedModel struct {
	frame    []byte
	payload  int
	isAnswer bool
}

// A backlog does what a list of frames does, for random frames, sends and drops:
// bytes leave in order, answers stay, and what has begun to leave is not dropped.
func TestBacklogIsAList(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var pool buffers
	var b backlog
	var list []queuedModel
	cut := 0 // bytes of list[0] that have left
	for step := range 20000 {
		switch op := rnd.IntN(10); {
		case op < 5:
			q := randomFrame(rnd)
			copy(b.reserve(&pool, len(q.frame)), q.frame)
			if q.isAnswer {
				b.answers += len(q.frame)
			}
			list = append(list, q)
		case op < 8 && b.len() > 0:
			n := rnd.IntN(min(b.len(), 5000) + 1)
			var sent []byte
			var want departure
			for rest := n; rest > 0; {
				q := &list[0]
				if cut == 0 && q.isAnswer {
					want.answers++
				} else if cut == 0 {
					want.packets++
					want.bytes += q.payload
				}
				k := min(rest, len(q.frame)-cut)
				sent = append(sent, q.frame[cut:cut+k]...)
				rest -= k
				if cut += k; cut == len(q.frame) {
					list, cut = list[1:], 0
				}
			}
			if !bytes.Equal(b.bytes()[:n], sent) {
				t.Fatalf("step %d: got other bytes at the head than a list has", step)
			}
			if got := b.advance(n); got != want {
				t.Fatalf("step %d: got departure %+v, want %+v", step, got, want)
			}
		default:
			first := 0
			if cut > 0 {
				first = 1
			}
			for first < len(list) && list[first].isAnswer {
				first++
			}
			if got, want := b.dropOldest(), first < len(list); got != want {
				t.Fatalf("step %d: got dropped %t, want %t", step, got, want)
			}
			if first < len(list) {
				list = append(list[:first:first], list[first+1:]...)
			}
		}
		waiting, answers := -cut, 0
		for i, q := range list {
			waiting += len(q.frame)
			if q.isAnswer && (i > 0 || cut == 0) {
				answers += len(q.frame)
			}
		}
		if b.len() != waiting || b.answers != answers {
			t.Fatalf("step %d: got %d bytes, %d of answers, want %d and %d", step, b.len(), b.answers, waiting, answers)
		}
	}
}

func randomFrame(rnd *rand.Rand) queuedModel {
	payload := rnd.IntN(1500)
	buf := make([]byte, wire.Headroom+payload+wire.Tailroom)
	for i := range buf {
		buf[i] = byte(rnd.Uint32())
	}
	switch rnd.IntN(4) {
	case 0:
		answer := make([]byte, wire.HeaderSize+4*rnd.IntN(20))
		copy(answer, []byte{1, 1, 0, byte(len(answer) - wire.HeaderSize), 0x21, 0x12, 0xA4, 0x42})
		return queuedModel{frame: answer, isAnswer: true}
	case 1:
		peer := netip.MustParseAddrPort([]string{"192.0.2.1:9", "[2001:db8::1]:9"}[rnd.IntN(2)])
		off, n := wire.PutData(buf, wire.Headroom, payload, peer, &[wire.TransactionIDSize]byte{7})
		return queuedModel{frame: buf[off : off+n], payload: payload}
	default:
		off := wire.Headroom - wire.ChannelHeaderSize
		wire.PutChannelHeader(buf[off:], 0x4001, payload)
		n := wire.PadFrame(buf[off:], wire.ChannelHeaderSize+payload)
		return queuedModel{frame: buf[off : off+n], payload: payload}
	}
}

// Buffers are as large as asked, come back, and are not kept without end.
func TestBuffers(t *testing.T) {
	var p buffers
	for _, n := range []int{1, 2048, 2049, 4096, 70000, 300 << 10, 64 << 20} {
		b := p.take(n)
		if len(b) != 0 || cap(b) < n {
			t.Fatalf("asked for %d: got length %d, capacity %d", n, len(b), cap(b))
		}
		p.put(b)
		if again := p.take(n); n < 1<<20 && cap(again) != cap(b) {
			t.Errorf("asked for %d again: got capacity %d, want %d", n, cap(again), cap(b))
		}
	}
	for range 100 {
		p.put(make([]byte, 0, smallestBuffer<<6))
	}
	if p.keptBytes > maxKeptBytes {
		t.Errorf("got %d bytes kept, want at most %d", p.keptBytes, maxKeptBytes)
	}
	p.put(nil)
}

//go:build soak

package e2e

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

const (
	// onslaughtWindow is how many requests wait for an answer at most: with one
	// datagram of each of many calls beside them, less than any queue on the way
	// holds, so that nothing is lost by a machine that stands still for a while.
	onslaughtWindow = 256
	// onslaughtSilence is how long nothing is heard until what was asked counts as
	// lost.
	onslaughtSilence = 500 * time.Millisecond
	// onslaughtTimeout bounds one pour.
	onslaughtTimeout = 2 * time.Minute
)

// onslaught is a crowd that sends requests of its own making and counts what they
// are answered with.
type onslaught struct {
	*crowd
	nonces   []atomic.Pointer[string] // of the last challenge, by member
	answered atomic.Uint64
	waiting  atomic.Int64
	heard    atomic.Int64 // when, in Unix milliseconds
}

// newOnslaught is a crowd of so many members, until the test ends.
func newOnslaught(t testing.TB, n *testnet.Net, members int) *onslaught {
	t.Helper()
	o := &onslaught{crowd: newCrowd(t, n), nonces: make([]atomic.Pointer[string], members)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.listen()
	}()
	t.Cleanup(func() {
		_ = o.conn.Close()
		<-ended
	})
	return o
}

// listen counts answers until the socket is closed.
func (o *onslaught) listen() {
	for {
		size, oobSize, _, _, err := o.conn.ReadMsgUDPAddrPort(o.buf, o.oob)
		if err != nil {
			return
		}
		message, _ := decode(o.buf[:size])
		if message == nil {
			continue
		}
		o.answered.Add(1)
		o.waiting.Add(-1)
		o.heard.Store(time.Now().UnixMilli())
		var nonce stun.Nonce
		if to, ok := destination(o.oob[:oobSize]); ok && nonce.GetFrom(message) == nil {
			if i := numberOf(to); i < len(o.nonces) {
				o.nonces[i].Store(new(nonce.String()))
			}
		}
	}
}

// numberOf is the number of a member.
func numberOf(member netip.Addr) int {
	a := member.As4()
	return int(a[1]&0x3f)<<16 | int(a[2])<<8 | int(a[3])
}

// pour sends what build makes for each member in turn, at a rate (0: as fast as
// answers come), until so many answers have come, and returns how many there were
// per second.
func (o *onslaught) pour(t testing.TB, perSecond float64, answers int, build func(member int) []byte) (answersPerSecond float64) {
	t.Helper()
	start, before := time.Now(), o.answered.Load()
	o.heard.Store(start.UnixMilli())
	for sent := 0; ; {
		passed, got := time.Since(start), int(o.answered.Load()-before)
		if got >= answers {
			return float64(got) / passed.Seconds()
		}
		if passed >= onslaughtTimeout {
			t.Fatalf("pour requests: got %d answers to %d in %s, want %d", got, sent, passed, answers)
		}
		due := onslaughtWindow - int(o.waiting.Load())
		if perSecond > 0 {
			due = min(due, int(perSecond*passed.Seconds())-sent)
		}
		if due <= 0 {
			if heard := time.UnixMilli(o.heard.Load()); time.Since(heard) > onslaughtSilence {
				o.waiting.Store(0)
			}
			time.Sleep(time.Millisecond)
			continue
		}
		for range due {
			i := sent % len(o.nonces)
			o.waiting.Add(1)
			o.send(t, member(i), build(i))
			sent++
		}
	}
}

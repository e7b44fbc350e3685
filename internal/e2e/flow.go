//go:build e2e

package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// flowWindow is how many packets of a live flow are on the way.
const flowWindow = 4

// flow is traffic between a client and an echoing peer that goes on beside
// what a test does. Numbered packets follow each other without a pause, and
// each must come back in its turn.
type flow struct {
	client   *client
	channel  uint16
	peer     netip.AddrPort
	received atomic.Uint64
	stopping atomic.Bool
	ended    chan struct{}
	err      error // why the flow ended early; read after ended is closed
}

// startFlow makes an allocation and starts traffic on a channel, until the
// test ends or stop is called.
func startFlow(t testing.TB, c *client, peer netip.AddrPort) *flow {
	t.Helper()
	f := &flow{client: c, channel: 0x4001, peer: peer, ended: make(chan struct{})}
	c.allocate(t)
	c.bind(t, f.channel, peer)
	go f.run()
	// The socket must not be closed below the flow.
	t.Cleanup(func() { f.stopping.Store(true); <-f.ended })
	return f
}

func (f *flow) run() {
	defer close(f.ended)
	for sent, received := uint64(0), uint64(0); ; {
		if f.stopping.Load() && sent == received {
			return
		}
		for ; !f.stopping.Load() && sent < received+flowWindow; sent++ {
			payload := binary.BigEndian.AppendUint64(nil, sent)
			if _, err := f.client.conn.WriteToUDPAddrPort(channelData(f.channel, payload), f.client.server); err != nil {
				f.err = err
				return
			}
		}
		if sent == received {
			continue
		}
		if f.err = f.take(received); f.err != nil {
			return
		}
		received++
		f.received.Store(received)
	}
}

// take wants packet number next.
func (f *flow) take(next uint64) error {
	data, err := f.client.nextPacket(lossTimeout)
	switch {
	case err != nil:
		return fmt.Errorf("packet %d did not come back: %w", next, err)
	case data.channel != f.channel || len(data.payload) != 8:
		return fmt.Errorf("packet %d: got %d bytes on channel %#x", next, len(data.payload), data.channel)
	case binary.BigEndian.Uint64(data.payload) != next:
		return fmt.Errorf("packet %d: got packet %d", next, binary.BigEndian.Uint64(data.payload))
	}
	return nil
}

// advance waits until some more packets have come back and fails the test when
// one was lost.
func (f *flow) advance(t testing.TB) {
	t.Helper()
	const packets = 500
	goal := f.received.Load() + packets
	testnet.Await(t, patience, func() bool {
		select {
		case <-f.ended:
			t.Fatalf("live flow: %v", f.errOrStopped())
		default:
		}
		return f.received.Load() >= goal
	}, "a live flow has sent %d more packets", packets)
}

func (f *flow) errOrStopped() error {
	if f.err == nil {
		return errors.New("stopped")
	}
	return f.err
}

// stop ends the flow; a lost packet fails the test.
func (f *flow) stop(t testing.TB) {
	t.Helper()
	f.stopping.Store(true)
	<-f.ended
	if f.err != nil {
		t.Errorf("live flow: %v", f.err)
	}
}

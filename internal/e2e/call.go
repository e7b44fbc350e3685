//go:build soak

package e2e

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// callPause is between two packets of a call, as of voice.
const callPause = 20 * time.Millisecond

// calls is many calls at a time: in each a client sends numbered packets to an
// echoing peer and wants each of them back before it sends the next. However slow
// the machine, a packet that does not come back is lost.
type calls struct {
	clients  []*client
	relayed  atomic.Uint64
	stopping atomic.Bool
	running  sync.WaitGroup
	errs     []error // by call; read after running
}

// startCalls begins so many calls, until the test ends or stop is called.
func startCalls(t testing.TB, n *testnet.Net, many int) *calls {
	t.Helper()
	const channel, perPeer = 0x4001, 50
	c := &calls{errs: make([]error, many)}
	var peer netip.AddrPort
	for i := range many {
		if i%perPeer == 0 {
			peer = n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0)).Addr
		}
		client := newClientV4(t, n)
		client.allocate(t)
		client.bind(t, channel, peer)
		c.clients = append(c.clients, client)
	}
	for i, client := range c.clients {
		c.running.Go(func() { c.errs[i] = c.run(client, channel) })
	}
	t.Cleanup(func() { c.stopping.Store(true); c.running.Wait() })
	return c
}

func (c *calls) run(client *client, channel uint16) error {
	for number := uint64(0); !c.stopping.Load(); number++ {
		began := time.Now()
		payload := binary.BigEndian.AppendUint64(nil, number)
		if _, err := client.conn.WriteToUDPAddrPort(channelData(channel, payload), client.server); err != nil {
			return err
		}
		data, err := client.nextPacket(patience)
		switch {
		case err != nil:
			return fmt.Errorf("packet %d did not come back: %w", number, err)
		case data.channel != channel || string(data.payload) != string(payload):
			return fmt.Errorf("packet %d: got % x on channel %#x", number, data.payload, data.channel)
		}
		c.relayed.Add(1)
		time.Sleep(callPause - time.Since(began)) // a pause, whatever its length
	}
	return nil
}

// stop ends the calls; a lost packet, or an allocation that is gone, fails the test.
func (c *calls) stop(t testing.TB) {
	t.Helper()
	c.stopping.Store(true)
	c.running.Wait()
	for i, client := range c.clients {
		if c.errs[i] != nil {
			t.Errorf("call %d: %v", i, c.errs[i])
		}
		client.free(t)
	}
}

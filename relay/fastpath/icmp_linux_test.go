//go:build !portable

package fastpath_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// An ICMP error that one peer causes costs no other peer a datagram, in either
// direction, whether it is pending when the worker sends, when it receives, or
// when it wakes up.
func TestPeerErrorCostsOthersNothing(t *testing.T) {
	for _, ip := range []string{loopback4, loopback6} {
		t.Run(ip, func(t *testing.T) {
			f := start(t, ip, fastpath.Config{})
			client, live := newEndpoint(t, ip), newEndpoint(t, ip)
			dead := closedPort(t, ip)
			a := f.publish(client.addr, ip)
			f.bind(a, 0x4001, live.addr)
			f.bind(a, 0x4002, dead)
			const rounds = 200
			for i := range rounds {
				data := fmt.Appendf(nil, "%d", i)
				client.send(f.server, channelData(0x4002, data)) // brings an ICMP error
				client.send(f.server, channelData(0x4001, data))
				live.want(a.relayed, data)
				client.send(f.server, channelData(0x4002, data))
				live.send(a.relayed, data)
				client.want(f.server, channelData(0x4001, data))
			}
			eventually(t, func() bool { return f.worker.Stats().Notices >= rounds })
			if got := f.worker.Stats().Drops; total(got) != 0 {
				t.Errorf("got drops %v, want none", got)
			}
		})
	}
}

// In one batch, the errors of a dead peer come while its other packets and
// those of a live one are still being sent.
func TestPeerErrorsWithinOneBatch(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	client, live := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4001, live.addr)
	f.bind(a, 0x4002, closedPort(t, loopback4))
	for i := range 100 {
		f.holdBatch(func() {
			for n := range 10 {
				client.send(f.server, channelData(0x4002, nil))
				client.send(f.server, channelData(0x4001, []byte{byte(i), byte(n)}))
			}
		})
		for n := range 10 {
			live.want(a.relayed, []byte{byte(i), byte(n)})
		}
	}
	if got := f.worker.Stats().Drops; total(got) != 0 {
		t.Errorf("got drops %v, want none", got)
	}
}

// closedPort returns an address on which nobody listens.
func closedPort(t *testing.T, ip string) netip.AddrPort {
	t.Helper()
	return netip.AddrPortFrom(netip.MustParseAddr(ip), testnet.FreePort(t, ip))
}

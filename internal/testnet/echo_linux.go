package testnet

import (
	"net/netip"
	"sync/atomic"
	"testing"
)

// Echo is a peer that sends every datagram back to where it came from.
type Echo struct {
	Addr     netip.AddrPort
	received atomic.Uint64
}

// Echo starts a peer on addr (port 0: any) that runs until the test ends.
func (n *Namespace) Echo(t testing.TB, addr netip.AddrPort) *Echo {
	t.Helper()
	conn := n.ListenUDP(t, addr)
	local := conn.LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort()
	e := &Echo{Addr: netip.AddrPortFrom(local.Addr().Unmap(), local.Port())}
	go func() {
		buf := make([]byte, 1<<16)
		for {
			size, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return // closed by the test's Cleanup
			}
			e.received.Add(1)
			// What cannot be sent is lost, as on any network.
			_, _ = conn.WriteToUDPAddrPort(buf[:size], from)
		}
	}()
	return e
}

// Received counts the datagrams that have arrived.
func (e *Echo) Received() uint64 { return e.received.Load() }

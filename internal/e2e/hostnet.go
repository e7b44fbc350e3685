//go:build e2e

package e2e

import (
	"net"
	"testing"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"

	"github.com/fairlead/fairlead/internal/testnet"
)

// hostNet gives pion/webrtc the network of a namespace.
type hostNet struct {
	*stdnet.Net // knows the interfaces of the host
	host        *testnet.Namespace
}

func newHostNet(t testing.TB, host *testnet.Namespace) *hostNet {
	t.Helper()
	h := &hostNet{host: host}
	var err error
	host.Do(func() { h.Net, err = stdnet.NewNet() })
	if err != nil {
		t.Fatalf("read the interfaces of a host: %v", err)
	}
	return h
}

func (h *hostNet) ListenPacket(network, address string) (conn net.PacketConn, err error) {
	h.host.Do(func() { conn, err = h.Net.ListenPacket(network, address) })
	return conn, err
}

func (h *hostNet) ListenUDP(network string, local *net.UDPAddr) (conn transport.UDPConn, err error) {
	h.host.Do(func() { conn, err = h.Net.ListenUDP(network, local) })
	return conn, err
}

func (h *hostNet) DialUDP(network string, local, remote *net.UDPAddr) (conn transport.UDPConn, err error) {
	h.host.Do(func() { conn, err = h.Net.DialUDP(network, local, remote) })
	return conn, err
}

//go:build e2e || soak

package e2e

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"

	pion "github.com/pion/dtls/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// secureDatagrams is a net.PacketConn by which a client's datagrams travel in DTLS.
type secureDatagrams struct {
	*pion.Conn
	server net.Addr
}

func (s secureDatagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := s.Read(b)
	return n, s.server, err
}

func (s secureDatagrams) WriteTo(b []byte, _ net.Addr) (int, error) { return s.Write(b) }

// dialDTLS shakes hands with a server, from an address of a host.
func dialDTLS(t testing.TB, host *testnet.Namespace, from netip.Addr, server netip.AddrPort, secure *tls.Config) secureDatagrams {
	t.Helper()
	conn := host.ListenUDP(t, netip.AddrPortFrom(from, 0))
	s, err := shakeHands(t, conn, server, secure)
	if err != nil {
		t.Fatalf("shake hands with %s: %v", server, err)
	}
	return s
}

func shakeHands(t testing.TB, conn net.PacketConn, server netip.AddrPort, secure *tls.Config) (secureDatagrams, error) {
	t.Helper()
	to := net.UDPAddrFromAddrPort(server)
	client, err := pion.ClientWithOptions(conn, to, pion.WithRootCAs(secure.RootCAs), pion.WithServerName(secure.ServerName),
		pion.WithSupportedProtocols("stun.turn"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return secureDatagrams{client, to}, client.HandshakeContext(ctx)
}

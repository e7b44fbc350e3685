package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/turn/v4"
)

// Pion is a minimal server on pion/turn/v4, run by the verb "bench pion-server"
// of the running binary.
func Pion() Spec {
	return Spec{
		Name: "pion/turn",
		Command: "{executable} bench pion-server --listen {listen}:{port} --relay {relay}" +
			" --min-port {min_port} --max-port {max_port}" +
			" --user {user} --password {password} --realm {realm}",
		Version: moduleVersion("github.com/pion/turn/v4"),
	}
}

// PionServer is a TURN server of pion/turn/v4 with a UDP and a TCP listener at one
// address, and one user.
type PionServer struct {
	Listen   netip.AddrPort
	Relay    netip.Addr
	MinPort  uint16
	MaxPort  uint16
	User     string
	Password string
	Realm    string
}

// Run serves until the context ends.
func (s PionServer) Run(ctx context.Context) error {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(s.Listen))
	if err != nil {
		return fmt.Errorf("listen for pion/turn: %w", err)
	}
	streams, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(s.Listen))
	if err != nil {
		return errors.Join(fmt.Errorf("listen for pion/turn: %w", err), conn.Close())
	}
	relays := &turn.RelayAddressGeneratorPortRange{
		RelayAddress: s.Relay.AsSlice(),
		Address:      s.Relay.String(),
		MinPort:      s.MinPort,
		MaxPort:      s.MaxPort,
	}
	key := turn.GenerateAuthKey(s.User, s.Realm, s.Password)
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: s.Realm,
		AuthHandler: func(username, _ string, _ net.Addr) ([]byte, bool) {
			return key, username == s.User
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: relays}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: streams, RelayAddressGenerator: relays}},
	})
	if err != nil {
		return errors.Join(fmt.Errorf("start pion/turn: %w", err), conn.Close(), streams.Close())
	}
	<-ctx.Done()
	if err := server.Close(); err != nil {
		return fmt.Errorf("stop pion/turn: %w", err)
	}
	return nil
}

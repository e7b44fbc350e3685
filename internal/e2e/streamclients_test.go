//go:build e2e

package e2e

import (
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	turn4 "github.com/pion/turn/v4"
	turn5 "github.com/pion/turn/v5"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestTurnutilsStreams runs coturn's own client on TCP and TLS, both on one
// port, in every combination of families and framings.
func TestTurnutilsStreams(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true} // it takes them from RFC 5766
	s, _ := startStreamServer(t, n, c)
	startEchoPeer(t, n)
	transports := map[string][]string{"TCP": {"-t"}, "TLS": {"-t", "-S"}}
	families := map[string]struct {
		server netip.AddrPort
		args   []string
	}{
		"IPv4":           {serverV4, []string{"-X", "-e", testnet.PeerV4.String()}},
		"IPv6":           {serverV6, []string{"-x", "-e", testnet.PeerV6.String()}},
		"IPv6 over IPv4": {serverV4, []string{"-x", "-e", testnet.PeerV6.String()}},
	}
	kinds := map[string]struct {
		args     []string
		messages int
	}{
		"channel":         {[]string{"-n", "50", "-c"}, 50},
		"Send":            {[]string{"-n", "50", "-c", "-s"}, 50},
		"padded":          {[]string{"-n", "50", "-c", "-l", "101"}, 50},
		"full frames":     {[]string{"-n", "50", "-c", "-l", "1400"}, 50},
		"many clients":    {[]string{"-n", "20", "-m", "50", "-c"}, 1000},
		"channel to RTCP": {[]string{"-n", "50"}, 100},
	}
	t.Run("side by side", func(t *testing.T) {
		for transport, how := range transports {
			for family, where := range families {
				for kind, what := range kinds {
					t.Run(strings.Join([]string{transport, family, kind}, ", "), func(t *testing.T) {
						t.Parallel()
						args := slices.Concat([]string{"-u", alice.Name, "-w", alice.Password}, how, what.args, where.args)
						r := uclient(t, n, where.server, args...)
						if missing := r.complete(what.messages); missing != "" {
							t.Errorf("%s\n%s", missing, r.output)
						}
					})
				}
			}
		}
	})
	for _, transport := range []string{"tcp", "tls"} {
		if got := s.metric(t, "fairlead_streams_accepted_total", `transport="`+transport+`"`); got < 150 {
			t.Errorf("connections by %s: got %v, want those of all clients", transport, got)
		}
	}
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "every allocation has ended")
	s.check(t)
	s.Stop(t)
}

// smallestOfPion is the smallest packet that pion's reader of streams (STUNConn)
// hands out when nothing follows it: it waits for nine bytes, ChannelData header
// included.
const smallestOfPion = 5

// TestPionStreams relays with the clients of pion/turn over TCP and TLS.
func TestPionStreams(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"default_lifetime": "4s", "max_lifetime": "4s"}
	s, secure := startStreamServer(t, n, c)
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) {
		tests := map[string]struct {
			server      netip.AddrPort
			relay, peer netip.Addr
			open        func(conn net.PacketConn) (pionClient, error)
		}{
			"v4": {serverV4, testnet.RelayV4, testnet.PeerV4, func(conn net.PacketConn) (pionClient, error) {
				return turn4.NewClient(&turn4.ClientConfig{
					STUNServerAddr: serverV4.String(), TURNServerAddr: serverV4.String(),
					Username: alice.Name, Password: alice.Password, Conn: conn,
				})
			}},
			"v5 over IPv6": {serverV6, testnet.RelayV6, testnet.PeerV6, func(conn net.PacketConn) (pionClient, error) {
				return turn5.NewClient(&turn5.ClientConfig{
					STUNServerAddr: serverV6.String(), TURNServerAddr: serverV6.String(),
					Username: alice.Name, Password: alice.Password, Conn: conn,
					RequestedAddressFamily: turn5.RequestedAddressFamilyIPv6,
				})
			}},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				stream := newStreamClient(t, n.Clients, tt.server, secure)
				client, err := tt.open(turn4.NewSTUNConn(stream.conn))
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				relayWith(t, n, client, stream.conn.LocalAddr(), tt.relay, tt.peer, smallestOfPion)
			})
		}
	})
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "the clients have freed their allocations")
	s.check(t)
}

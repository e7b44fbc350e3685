//go:build e2e

package e2e

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/stun/v3"
	turn4 "github.com/pion/turn/v4"
	turn5 "github.com/pion/turn/v5"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestTurnutilsDTLS runs coturn's own client on DTLS, in every combination of
// families and framings, and on plain UDP at the same port at the same time.
func TestTurnutilsDTLS(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true} // it takes them from RFC 5766
	s, _ := startStreamServer(t, n, c)
	startEchoPeer(t, n)
	transports := map[string][]string{"DTLS": {"-S"}, "UDP": nil}
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
		"padded":          {[]string{"-n", "50", "-c", "-D", "-l", "101"}, 50},
		"full frames":     {[]string{"-n", "50", "-c", "-l", "1200"}, 50},
		"many clients":    {[]string{"-n", "20", "-m", "5", "-c"}, 100}, // it tries DTLS 1.0 in vain half of the time
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
	if got := s.metric(t, "fairlead_dtls_handshakes_total", `result="completed"`); got < 30 {
		t.Errorf("handshakes: got %v, want those of all clients", got)
	}
	s.check(t)
	s.Stop(t)
}

// TestPionDTLS relays with the clients of pion/turn over DTLS.
func TestPionDTLS(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"default_lifetime": "4s", "max_lifetime": "4s"}
	s, secure := startStreamServer(t, n, c)
	t.Run("v4", func(t *testing.T) {
		conn := dialDTLS(t, n.Clients, testnet.ClientV4, serverV4, secure)
		client, err := turn4.NewClient(&turn4.ClientConfig{
			STUNServerAddr: serverV4.String(), TURNServerAddr: serverV4.String(),
			Username: alice.Name, Password: alice.Password, Conn: conn,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		relayWith(t, n, client, conn.LocalAddr(), testnet.RelayV4, testnet.PeerV4, 1)
	})
	t.Run("v5 over IPv6", func(t *testing.T) {
		conn := dialDTLS(t, n.Clients, testnet.ClientV6, serverV6, secure)
		client, err := turn5.NewClient(&turn5.ClientConfig{
			STUNServerAddr: serverV6.String(), TURNServerAddr: serverV6.String(),
			Username: alice.Name, Password: alice.Password, Conn: conn,
			RequestedAddressFamily: turn5.RequestedAddressFamilyIPv6,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		relayWith(t, n, client, conn.LocalAddr(), testnet.RelayV6, testnet.PeerV6, 1)
	})
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "the clients have freed their allocations")
	s.check(t)
}

// TestDTLSListener runs a listener for DTLS alone beside one for UDP.
func TestDTLSListener(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	at := netip.AddrPortFrom(testnet.ServerV4, 5349)
	c.Listeners = append(c.Listeners, listener{Address: at.String(), Transport: "dtls"})
	s, secure := startStreamServer(t, n, c)
	plain := newClient(t, n.Clients, testnet.ClientV4, at, alice)
	if answer, err := plain.request(stun.MethodBinding); !errors.Is(err, errNoAnswer) {
		t.Errorf("plain STUN: got %v (error %v), want no answer", answer, err)
	}
	conn := dialDTLS(t, n.Clients, testnet.ClientV4, at, secure)
	client, err := turn4.NewClient(&turn4.ClientConfig{
		STUNServerAddr: at.String(), TURNServerAddr: at.String(), Username: alice.Name, Password: alice.Password, Conn: conn,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	relayWith(t, n, client, conn.LocalAddr(), testnet.RelayV4, testnet.PeerV4, 1)
	if got := s.metric(t, "fairlead_dropped_packets_total", `reason="plain"`); got == 0 {
		t.Error("plain STUN is not counted")
	}
	s.check(t)
}

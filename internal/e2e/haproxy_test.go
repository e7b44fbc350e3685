//go:build e2e

package e2e

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestBehindHAProxy puts haproxy between clients of TCP and TLS and the server.
func TestBehindHAProxy(t *testing.T) {
	n := testnet.New(t)
	certificate, key := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test").Write(t, t.TempDir())
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true}
	c.TLS = map[string]any{"certificates": []map[string]string{{"certificate_file": certificate, "key_file": key}}}
	behind := netip.MustParseAddrPort("127.0.0.1:3479")
	c.Listeners = append(c.Listeners, listener{
		Address: behind.String(), Transport: "tcp", ProxyProtocol: true, TrustedProxies: []string{"127.0.0.1"},
	})
	s := startServer(t, n, c)
	startEchoPeer(t, n)

	for version, option := range map[string]string{"version 1": "send-proxy", "version 2": "send-proxy-v2"} {
		t.Run(version, func(t *testing.T) {
			front := netip.AddrPortFrom(testnet.ServerV4, 4430)
			p := startHAProxy(t, n.Relay, front, behind, option)
			testnet.Await(t, patience, func() bool { return mappedAddress(t, n.Clients, "tcp", front) == testnet.ClientV4 },
				"a client behind haproxy is told its own address")
			for name, args := range map[string][]string{
				"TCP, channels": {"-t", "-c"}, "TCP, Send": {"-t", "-c", "-s"}, "TLS, channels": {"-t", "-S", "-c"},
			} {
				args = append(args, "-u", alice.Name, "-w", alice.Password, "-n", "50", "-X", "-e", testnet.PeerV4.String())
				if r := uclient(t, n, front, args...); r.complete(50) != "" {
					t.Errorf("%s: %s\n%s", name, r.complete(50), r.output)
				}
			}
			p.Signal(t, 9)
			p.Wait(t, patience)
		})
	}
	if got := s.metric(t, "fairlead_proxy_failures_total"); got != 0 {
		t.Errorf("got %v connections refused, want none", got)
	}
	s.check(t)
}

// startHAProxy forwards connections with a PROXY header.
func startHAProxy(t *testing.T, host *testnet.Namespace, front, behind netip.AddrPort, option string) *testnet.Process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := fmt.Sprintf(`defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind %s
  default_backend relay
backend relay
  server relay %s %s
`, front, behind, option)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return testnet.Start(t, host.Command(t.Context(), "haproxy", "-db", "-f", path))
}

// mappedAddress asks for the reflexive address by TCP; the zero Addr says that
// there was no answer.
func mappedAddress(t *testing.T, host *testnet.Namespace, network string, server netip.AddrPort) netip.Addr {
	t.Helper()
	conn, err := host.DialContext(t.Context(), network, server.String())
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	if _, err := request.WriteTo(conn); err != nil {
		return netip.Addr{}
	}
	answer := stun.New()
	var mapped stun.XORMappedAddress
	if _, err := answer.ReadFrom(conn); err != nil || mapped.GetFrom(answer) != nil {
		return netip.Addr{}
	}
	addr, _ := netip.AddrFromSlice(mapped.IP)
	return addr.Unmap()
}

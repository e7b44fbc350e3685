//go:build e2e

package e2e

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// otherServers are the second addresses of NAT behaviour discovery.
var otherServers = map[netip.Addr]string{testnet.ServerV4: "10.1.0.77", testnet.ServerV6: "fd01::77"}

// TestNATDiscovery runs coturn's client for RFC 5780 against a server with two
// addresses in each family. There is no NAT in between, so that is what it must
// find, with and without fragments.
func TestNATDiscovery(t *testing.T) {
	n := testnet.New(t)
	n.Relay.IP(t, "addr add 10.1.0.77/24 dev clients", "addr add fd01::77/64 dev clients nodad")
	c := newConfig()
	c.Workers = 8 // so that the answers leave from the sockets of several
	c.Discovery = map[string]any{
		"enabled":   true,
		"addresses": []string{"10.1.0.1", "10.1.0.77", "fd01::1", "fd01::77"},
	}
	s := startServer(t, n, c)

	for server, client := range map[netip.Addr]netip.Addr{
		testnet.ServerV4: testnet.ClientV4, testnet.ServerV6: testnet.ClientV6,
	} {
		for name, tt := range map[string]struct {
			args []string
			want []string
		}{
			"mapping":   {[]string{"-m"}, []string{"No NAT! (Endpoint Independent Mapping)", "NAT with Endpoint Independent Mapping!"}},
			"filtering": {[]string{"-f"}, []string{"NAT with Endpoint Independent Filtering!"}},
			"padding":   {[]string{"-f", "-m", "-P"}, []string{"NAT with Endpoint Independent Mapping!", "NAT with Endpoint Independent Filtering!"}},
			"lifetime":  {[]string{"-t", "-T", "1"}, []string{"RFC 5780 response 2"}},
		} {
			t.Run(name+" "+server.String(), func(t *testing.T) {
				t.Parallel()
				args := append(tt.args, "-L", client.String(), server.String())
				p := testnet.Start(t, n.Clients.Command(t.Context(), "turnutils_natdiscovery", args...))
				if code := p.Wait(t, uclientTimeout); code != 0 {
					t.Errorf("got exit code %d, want 0\n%s", code, p.Output())
				}
				for _, want := range append(tt.want, "No ALG: Mapped == XOR-Mapped", "Other addr: : "+otherServers[server]) {
					if !strings.Contains(p.Output(), want) {
						t.Errorf("got no %q in\n%s", want, p.Output())
					}
				}
				for _, wrong := range []string{"timeout", "error"} {
					if strings.Contains(p.Output(), wrong) {
						t.Errorf("got %q in\n%s", wrong, p.Output())
					}
				}
			})
		}
	}
	t.Cleanup(func() { s.check(t) })
}

// TestNATDiscoveryNeedsItsAddresses wants a start that fails, and says why, when
// an address is not one of this host's.
func TestNATDiscoveryNeedsItsAddresses(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Discovery = map[string]any{"enabled": true, "addresses": []string{"10.1.0.1", "10.1.0.99"}}
	p := testnet.Start(t, fairlead(t, n.Relay, "serve", "--config", c.writeFile(t)))
	if code := p.Wait(t, patience); code == 0 {
		t.Errorf("got exit code 0, want a failure")
	}
	if want := "listen on 10.1.0.99:3478"; !strings.Contains(p.Output(), want) {
		t.Errorf("got no %q in\n%s", want, p.Output())
	}
}

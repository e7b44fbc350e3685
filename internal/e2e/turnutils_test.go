//go:build e2e

package e2e

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestTurnutils runs coturn's own client against the server. Most of its time
// goes by in its own waits, so the runs go side by side.
func TestTurnutils(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	// It takes channel numbers from the wider range of RFC 5766.
	c.Allocation = map[string]any{"wide_channel_numbers": true}
	s := startServer(t, n, c)
	startEchoPeer(t, n)

	v4, v6 := testnet.PeerV4.String(), testnet.PeerV6.String()
	password := []string{"-u", alice.Name, "-w", alice.Password}
	rest := []string{"-u", "carol", "-W", testSecret}

	tests := map[string]struct {
		server     netip.AddrPort
		credential []string
		args       []string
		messages   int // sent in all, as uclient counts them
	}{
		"channels":                           {serverV4, password, []string{"-n", "50", "-c", "-X", "-e", v4}, 50},
		"channels with RTCP":                 {serverV4, password, []string{"-n", "50", "-X", "-e", v4}, 100},
		"Send":                               {serverV4, password, []string{"-n", "50", "-c", "-s", "-X", "-e", v4}, 50},
		"Send with RTCP":                     {serverV4, password, []string{"-n", "50", "-s", "-X", "-e", v4}, 100},
		"padded ChannelData":                 {serverV4, password, []string{"-n", "50", "-c", "-D", "-l", "101", "-X", "-e", v4}, 50},
		"full frames":                        {serverV4, password, []string{"-n", "50", "-c", "-l", "1400", "-X", "-e", v4}, 50},
		"DONT-FRAGMENT":                      {serverV4, password, []string{"-n", "50", "-c", "-g", "-X", "-e", v4}, 50},
		"DONT-FRAGMENT, Send":                {serverV4, password, []string{"-n", "50", "-c", "-g", "-s", "-X", "-e", v4}, 50},
		"extra requests":                     {serverV4, password, []string{"-n", "50", "-c", "-G", "-X", "-e", v4}, 50},
		"many clients":                       {serverV4, password, []string{"-n", "20", "-m", "50", "-c", "-X", "-e", v4}, 1000},
		"many clients with RTCP":             {serverV4, password, []string{"-n", "20", "-m", "20", "-X", "-e", v4}, 400},
		"many clients, Send":                 {serverV4, password, []string{"-n", "20", "-m", "50", "-c", "-s", "-X", "-e", v4}, 1000},
		"client to client":                   {serverV4, password, []string{"-n", "50", "-m", "2", "-c", "-y", "-X"}, 100},
		"client to client, Send":             {serverV4, password, []string{"-n", "50", "-m", "2", "-c", "-y", "-s", "-X"}, 100},
		"client to client with RTCP":         {serverV4, password, []string{"-n", "50", "-m", "2", "-y", "-X"}, 200},
		"many client to client":              {serverV4, password, []string{"-n", "20", "-m", "20", "-c", "-y", "-X"}, 400},
		"IPv6 channels":                      {serverV6, password, []string{"-n", "50", "-c", "-x", "-e", v6}, 50},
		"IPv6 Send":                          {serverV6, password, []string{"-n", "50", "-c", "-s", "-x", "-e", v6}, 50},
		"IPv6 with RTCP":                     {serverV6, password, []string{"-n", "50", "-x", "-e", v6}, 100},
		"IPv6 client to client":              {serverV6, password, []string{"-n", "50", "-m", "2", "-c", "-y", "-x"}, 100},
		"IPv6 relay over IPv4":               {serverV4, password, []string{"-n", "50", "-c", "-x", "-e", v6}, 50},
		"IPv4 relay over IPv6":               {serverV6, password, []string{"-n", "50", "-c", "-X", "-e", v4}, 50},
		"IPv4 relay over IPv6, Send":         {serverV6, password, []string{"-n", "50", "-c", "-s", "-X", "-e", v4}, 50},
		"dual, IPv4 peer":                    {serverV4, password, []string{"-n", "50", "-Z", "-e", v4}, 50},
		"dual, IPv6 peer":                    {serverV4, password, []string{"-n", "50", "-Z", "-e", v6}, 50},
		"dual over IPv6, Send":               {serverV6, password, []string{"-n", "50", "-Z", "-s", "-e", v6}, 50},
		"dual, extra requests":               {serverV4, password, []string{"-n", "50", "-Z", "-G", "-e", v4}, 50},
		"REST secret, channels":              {serverV4, rest, []string{"-n", "50", "-c", "-X", "-e", v4}, 50},
		"REST secret, Send":                  {serverV4, rest, []string{"-n", "50", "-c", "-s", "-X", "-e", v4}, 50},
		"REST secret, IPv6 client to client": {serverV6, rest, []string{"-n", "50", "-m", "2", "-c", "-y", "-x"}, 100},
	}
	t.Run("side by side", func(t *testing.T) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := uclient(t, n, tt.server, slices.Concat(tt.credential, tt.args)...)
				if missing := r.complete(tt.messages); missing != "" {
					t.Errorf("%s\n%s", missing, r.output)
				}
			})
		}
	})
	s.check(t)
	s.Stop(t)
}

// TestRefusedCredentials wants no allocation for turnutils_uclient, which
// takes a 401 for one more challenge and gives up after some, and sees the
// reason with a client that tells.
func TestRefusedCredentials(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())

	inAnHour, aMinuteAgo := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	tests := map[string]user{
		"wrong password":          {Name: alice.Name, Password: "a wrong password"},
		"unknown user":            {Name: "mallory", Password: alice.Password},
		"expired REST credential": restCredential(testSecret, "carol", aMinuteAgo),
		"REST of another secret":  restCredential("another secret", "carol", inAnHour),
		"REST name, no HMAC":      {Name: restCredential(testSecret, "carol", inAnHour).Name, Password: testSecret},
		"no expiry":               {Name: "carol", Password: restCredential(testSecret, "carol", inAnHour).Password},
	}
	for name, u := range tests {
		t.Run(name, func(t *testing.T) {
			r := uclient(t, n, serverV4, "-u", u.Name, "-w", u.Password, "-n", "5", "-c", "-X", "-e", testnet.PeerV4.String())
			if r.exitCode == 0 || r.sentMessages > 0 {
				t.Errorf("got exit code %d and %d messages sent, want a failure before the first message\n%s", r.exitCode, r.sentMessages, r.output)
			}
			if code := newClient(t, n.Clients, testnet.ClientV4, serverV4, u).tryAllocate(t); code != 401 {
				t.Errorf("Allocate: got error %d, want 401", code)
			}
		})
	}
	s.check(t)
}

// TestStunclient asks for the reflexive address with coturn's STUN client.
func TestStunclient(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())
	for server, client := range map[string]string{
		testnet.ServerV4.String(): testnet.ClientV4.String(),
		testnet.ServerV6.String(): testnet.ClientV6.String(),
	} {
		p := testnet.Start(t, n.Clients.Command(t.Context(), "turnutils_stunclient", "-L", client, server))
		if code := p.Wait(t, patience); code != 0 {
			t.Errorf("turnutils_stunclient %s: got exit code %d, want 0\n%s", server, code, p.Output())
		}
		if !strings.Contains(p.Output(), "reflexive addr: "+client+":") {
			t.Errorf("turnutils_stunclient %s: got no reflexive address of %s in\n%s", server, client, p.Output())
		}
	}
	s.check(t)
}

package config_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const discoveryOn = `nat_discovery.enabled=true`

func TestNATDiscoveryNeedsTwoAddresses(t *testing.T) {
	for addresses, want := range map[string]string{
		`["192.0.2.1"]`: "holds 1 IPv4 addresses",
		`["192.0.2.1", "192.0.2.2", "192.0.2.3"]`:   "holds 3 IPv4 addresses",
		`["192.0.2.1", "192.0.2.2", "2001:db8::1"]`: "holds 1 IPv6 addresses",
	} {
		got := strings.Join(problems(t, credentials, discoveryOn, "nat_discovery.addresses="+addresses), "\n")
		if !strings.Contains(got, want) || !strings.Contains(got, "needs two of this host in each family") {
			t.Errorf("%s: got problems %q, want %q", addresses, got, want)
		}
	}
}

// The four addresses of each family are listened on, if no listener names them.
func TestNATDiscoveryListeners(t *testing.T) {
	c := read(t, credentials, discoveryOn,
		`listeners=[{address: "0.0.0.0:3478", transport: udp}, {address: "192.0.2.1:3479", transport: udp}]`,
		`nat_discovery.addresses=["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]`)
	var got []string
	for _, addr := range c.DiscoveryListeners() {
		got = append(got, addr.String())
	}
	want := []string{
		"192.0.2.1:3478", "192.0.2.2:3478", "192.0.2.2:3479",
		"[2001:db8::1]:3478", "[2001:db8::1]:3479", "[2001:db8::2]:3478", "[2001:db8::2]:3479",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	if got := c.DiscoveryPairs()[0][1]; got != netip.MustParseAddr("192.0.2.2") {
		t.Errorf("got second address %s, want 192.0.2.2", got)
	}
	if got := read(t, credentials, `nat_discovery.addresses=["192.0.2.1", "192.0.2.2"]`).DiscoveryPairs(); len(got) != 0 {
		t.Errorf("got %v when it is off, want none", got)
	}
}

package config_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/internal/access"
)

func TestClientLists(t *testing.T) {
	c := read(t, credentials, "clients.allow=192.0.2.7,::ffff:198.51.100.0/120", "clients.deny=2001:db8::/32")
	want := access.Lists{
		Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("198.51.100.0/24")},
		Deny:  []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")},
	}
	if diff := cmp.Diff(want, c.ClientLists(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("lists differ (-want +got):\n%s", diff)
	}
}

func TestClientWarnings(t *testing.T) {
	acme := "\ntls: {acme: {domains: [turn.example.org]}}\n"
	for _, test := range []struct{ text, want string }{
		{`clients: {allow: ["10.1.0.0/16", "10.2.0.0/16"], deny: ["10.2.0.0/15"]}`, `clients.allow[1]: 10.2.0.0/16 allows nobody: clients.deny has all of it, and wins`},
		{`clients: {allow: ["10.0.0.0/8"], deny: ["10.2.0.0/15", "0.0.0.0/32"]}`, ``},
		{`clients: {allow: ["10.0.0.0/8"]}` + acme, `clients.allow: holds for the listeners that an authority may check domains at`},
		{`clients: {deny: ["10.0.0.0/8"]}` + acme, ``},
	} {
		got := fmt.Sprint(read(t, credentials+test.text).Warnings())
		if !strings.HasPrefix(got, "["+test.want) || test.want == "" && got != "[]" {
			t.Errorf("%s: got warnings %s, want %q", test.text, got, test.want)
		}
	}
}

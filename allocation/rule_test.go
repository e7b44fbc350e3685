package allocation_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/allocation"
)

func TestParseRule(t *testing.T) {
	tests := []struct {
		text     string
		prefix   string
		min, max uint16
	}{
		{"10.0.0.0/8", "10.0.0.0/8", 0, 0},
		{"192.0.2.7", "192.0.2.7/32", 0, 0},
		{"  192.0.2.7  ", "192.0.2.7/32", 0, 0},
		{"0.0.0.0/0", "0.0.0.0/0", 0, 0},
		{"::/0", "::/0", 0, 0},
		{"2001:db8::1", "2001:db8::1/128", 0, 0},
		{"10.0.0.0/8 port 1-1023", "10.0.0.0/8", 1, 1023},
		{"10.0.0.0/8   port\t53", "10.0.0.0/8", 53, 53},
		{"10.0.0.0/8 port 53-53", "10.0.0.0/8", 53, 53},
		{"2001:db8::/32 port 443", "2001:db8::/32", 443, 443},
		{"10.0.0.0/8 port 65535", "10.0.0.0/8", 65535, 65535},
		{"10.0.0.0/8 port 1-65535", "10.0.0.0/8", 0, 0},

		{"::ffff:10.0.0.0/104", "10.0.0.0/8", 0, 0},
		{"::ffff:10.0.0.1", "10.0.0.1/32", 0, 0},
		{"::10.0.0.0/104", "10.0.0.0/8", 0, 0},
		{"::ffff:0:10.0.0.0/104", "10.0.0.0/8", 0, 0},
		{"64:ff9b::10.0.0.0/104", "10.0.0.0/8", 0, 0},
		{"64:ff9b:1::10.0.0.0/104 port 22", "10.0.0.0/8", 22, 22},
		{"2002:a00::/24", "10.0.0.0/8", 0, 0},
		{"2002:a00:1::/48", "10.0.0.1/32", 0, 0},
		{"2001:0:4136:e378:8000:63bf:f500:0/104", "10.0.0.0/8", 0, 0},

		{"::", "::/128", 0, 0},
		{"::1", "::1/128", 0, 0},
		{"::/127", "::/127", 0, 0},
		{"2000::/3", "2000::/3", 0, 0},
		{"64:ff9b:1::/48", "64:ff9b:1::/48", 0, 0},
		{"2001::/23", "2001::/23", 0, 0},
		{"fe80::5efe:10.0.0.0/104", "fe80::5efe:a00:0/104", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			want := allocation.Rule{Prefix: netip.MustParsePrefix(test.prefix), MinPort: test.min, MaxPort: test.max}
			got, err := allocation.ParseRule(test.text)
			if got != want || err != nil {
				t.Fatalf("got %v, %v, want %v", got, err, want)
			}
			again, err := allocation.ParseRule(got.String())
			if again != got || err != nil {
				t.Errorf("ParseRule(%q): got %v, %v, want the rule it was made of", got, again, err)
			}
		})
	}
}

// The error names the entry and says what to write.
func TestParseRuleErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "not understood; write"},
		{"10.0.0.0/8 ports 1-2", "not understood; write"},
		{"10.0.0.0/8 port", "not understood; write"},
		{"10.0.0.0/8 port 1 2", "not understood; write"},
		{"10.0.0.0 / 8", "not understood; write"},
		{"localhost", "neither an address nor a CIDR prefix; write"},
		{"10.0.0.1-10.0.0.9", "neither an address nor a CIDR prefix; write"},
		{"10.0.0.0/33", "neither an address nor a CIDR prefix; write"},
		{"10.0.0.0/-1", "neither an address nor a CIDR prefix; write"},
		{"10.0.0.0/08", "neither an address nor a CIDR prefix; write"},
		{"010.0.0.0/8", "neither an address nor a CIDR prefix; write"},
		{"[2001:db8::1]", "neither an address nor a CIDR prefix; write"},
		{"192.0.2.1:443", "neither an address nor a CIDR prefix; write"},
		{"10.1.2.3/8", "write 10.0.0.0/8 for the whole prefix or 10.1.2.3 for that one address"},
		{"2001:db8::1/32", "write 2001:db8::/32 for the whole prefix or 2001:db8::1"},
		{"fe80::1%eth0", `leave out "%eth0"`},
		{"fe80::%eth0/10", `leave out "%eth0/10"`},
		{"10.0.0.0/8 port 0", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port 0-10", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port 65536", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port 1-", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port -1", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port 1-2-3", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port http", "write numbers from 1 to 65535"},
		{"10.0.0.0/8 port 20-10", "run backwards; write 10-20"},
		{"::ffff:0.0.0.0/96", "every IPv4 address in IPv4-mapped form"},
		{"64:ff9b::/96", "every IPv4 address in NAT64 form"},
		{"2002::/16", "or 0.0.0.0/0 for all"},
		{"2001::/32", "every IPv4 address in Teredo form"},
		{"2001:0:4136:e378::/64", "every IPv4 address in Teredo form"},
		{"2002:a00:1:5::/64", "judged as that address; write 10.0.0.1"},
		{"2002:a00:1::5", "judged as that address; write 10.0.0.1"},
		{"::/96", "write the IPv4 prefix"},
		{"::/126", "write the IPv4 prefix"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			rule, err := allocation.ParseRule(test.text)
			if err == nil {
				t.Fatalf("got %v, want an error", rule)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), `"`+test.text+`"`) {
				t.Errorf("got error %q, want one with %q and the entry", err, test.want)
			}
		})
	}
}

// Whatever parses denies exactly itself: it reads back as written, its first and
// last address are denied, and building a policy of it does not panic.
func FuzzParseRule(f *testing.F) {
	for _, text := range []string{"10.0.0.0/8", "192.0.2.7 port 1-1023", "2001:db8::/32 port 443", "::ffff:10.0.0.0/104", "2002:a00::/24", "2001:0:1:2:3:4:f5ff:0/112", "::/127", "fe80::1%1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := allocation.ParseRule(text)
		if err != nil {
			return
		}
		if again, err := allocation.ParseRule(rule.String()); again != rule || err != nil {
			t.Fatalf("ParseRule(%q): got %v, %v, want %v", rule, again, err, rule)
		}
		if got := allocation.Canonical(rule.Prefix.Addr()); rule.Prefix.IsSingleIP() && got != rule.Prefix.Addr() && !strings.Contains(rule.String(), "5efe:") {
			t.Errorf("%q became %v, which is not canonical", text, rule)
		}
		policy := allocation.NewPolicy(allocation.PolicyConfig{Deny: []allocation.Rule{rule}})
		port := max(rule.MinPort, 1)
		if got := policy.Check(netip.AddrPortFrom(rule.Prefix.Addr(), port)); got.Decision != allocation.Deny {
			t.Errorf("deny %q: got %v for its first address", rule, got)
		}
	})
}

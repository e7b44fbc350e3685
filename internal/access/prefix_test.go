package access_test

import (
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/access"
)

func TestParsePrefix(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7":              "192.0.2.7/32",
		"192.0.2.0/24":           "192.0.2.0/24",
		"0.0.0.0/0":              "0.0.0.0/0",
		"2001:db8::7":            "2001:db8::7/128",
		"2001:db8::/32":          "2001:db8::/32",
		"::/0":                   "::/0",
		"::ffff:192.0.2.7":       "192.0.2.7/32",
		"::ffff:192.0.2.0/120":   "192.0.2.0/24",
		"::ffff:0.0.0.0/96":      "0.0.0.0/0",
		"64:ff9b::192.0.2.0/120": "64:ff9b::c000:200/120",
	} {
		if got, err := access.ParsePrefix(text); err != nil || got.String() != want {
			t.Errorf("%s: got %v, %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                    "must be an address or a prefix",
		"example.org":         "must be an address or a prefix",
		"192.0.2.0/33":        "must be an address or a prefix",
		"192.0.2.0/24 port 5": "must be an address or a prefix",
		"fe80::1%eth0":        "must not have a zone",
		"192.0.2.1/24":        "write 192.0.2.0/24 for the whole prefix, or 192.0.2.1 for that one address",
		"::ffff:0.0.0.0/95":   "write ::fffe:0:0/95 for the whole prefix",
	} {
		if got, err := access.ParsePrefix(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want an error with %q", text, got, err, want)
		}
	}
}

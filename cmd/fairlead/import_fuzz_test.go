package main

import (
	"strings"
	"testing"

	"github.com/fairlead/fairlead/authn"
)

// FuzzImportLine: a line gives a user with a key, nothing, or an error that quotes
// neither name nor secret of the line.
func FuzzImportLine(f *testing.F) {
	for _, line := range []string{
		"", "# comment", "lt-cred-mech", "realm=north.gov", "user=gorst:0x7da2270ccfa49786e0115366d3a3d14d", "user=plain:hero",
		"carol:0x00112233445566778899aabbccddeeff", "south.gov,dave,00112233445566778899aabbccddeeff", "dave,0xhero",
		`"realm","name","00112233445566778899aabbccddeeff"`, "realm,name,hmackey", "0x00[", "a,b,c,d", "user=:x", "user=x:", ",,", "user = a : b",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		u, err := parseUser(strings.TrimSpace(line), "example.org")
		switch {
		case err != nil:
			if u != nil && u.key != (authn.Key{}) {
				t.Errorf("got a key beside error %v", err)
			}
			for _, part := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(":=,\"", r) }) {
				// Long enough not to stand in any message by chance.
				if len(part) > 12 && strings.Contains(err.Error(), part) {
					t.Errorf("error %q quotes the line", err)
				}
			}
		case u != nil && u.key == (authn.Key{}):
			t.Errorf("got user %q of %q without a key", u.name, u.realm)
		case u != nil && !strings.Contains(line, u.name):
			t.Errorf("got name %q, which is not in the line", u.name)
		}
	})
}

package authn_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/authn"
)

func TestLongTermKey(t *testing.T) {
	tests := []struct {
		name                      string
		username, realm, password string
		md5, sha256               string
	}{
		{"RFC 8489 section 9.2.2", "user", "realm", "pass",
			"8493fbc53ba582fb4c044c456bdc40eb", "07e934117abd40836e7c6329b54731b2b2d2a5f9a71f544922d75e0730d8251b"},
		{"REST", "1700000000:alice", "example.org", "Cd/49soE35ICqcJF/bCTn8Z4OyE=",
			"d9a6a3d964467baeffd2fce41704a913", "83d3954925462c35e3434563f6add993af0c083deb1cc493ec1873fb82b0ad1d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, err := authn.LongTermKey(tt.username, tt.realm, tt.password)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(key.MD5[:]); got != tt.md5 {
				t.Errorf("MD5: got %s, want %s", got, tt.md5)
			}
			if got := hex.EncodeToString(key.SHA256[:]); got != tt.sha256 {
				t.Errorf("SHA-256: got %s, want %s", got, tt.sha256)
			}
		})
	}
}

func TestLongTermKeyPrepares(t *testing.T) {
	tests := []struct {
		name          string
		given, expect [3]string // username, realm, password
	}{
		{"composes", [3]string{"Jose\u0301", "re\u0301alm", "pa\u0301ss"}, [3]string{"Jos\u00e9", "r\u00e9alm", "p\u00e1ss"}},
		{"spaces become ASCII", [3]string{"a\u00a0b", "c\u2003d", "e\u3000f"}, [3]string{"a b", "c d", "e f"}},
		{"keeps case and width", [3]string{"Alice", "Example.ORG", "\uff21"}, [3]string{"Alice", "Example.ORG", "\uff21"}},
		{"keeps RFC 5769's name", [3]string{"マトリックス", "example.org", "TheMatrIX"}, [3]string{"マトリックス", "example.org", "TheMatrIX"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := authn.LongTermKey(tt.given[0], tt.given[1], tt.given[2])
			if err != nil {
				t.Fatal(err)
			}
			want, err := authn.LongTermKey(tt.expect[0], tt.expect[1], tt.expect[2])
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("key of %q differs from the key of %q, want the same", tt.given, tt.expect)
			}
		})
	}
	composed, _ := authn.LongTermKey("a", "b", "\u00e9")
	wide, _ := authn.LongTermKey("a", "b", "e")
	if composed == wide {
		t.Error("é and e have the same key, want different ones")
	}
}

func TestLongTermKeyRefuses(t *testing.T) {
	long := strings.Repeat("é", 254) + "x" // 509 bytes
	tests := []struct {
		name                      string
		username, realm, password string
		want                      string
	}{
		{"empty username", "", "realm", "pass", "username is empty"},
		{"long username", long, "realm", "pass", "username is longer than 508 bytes"},
		{"control character", "a\nb", "realm", "pass", "username contains a character"},
		{"invalid UTF-8", "a\xff", "realm", "pass", "username is not valid UTF-8"},
		{"empty realm", "user", "", "pass", "realm is empty"},
		{"long realm", "user", strings.Repeat("é", 128), "pass", "realm is longer than 127 characters"},
		{"quote in realm", "user", `a"b`, "pass", "realm contains a quote"},
		{"backslash in realm", "user", `a\b`, "pass", "realm contains a quote or a backslash"},
		{"NUL in realm", "user", "a\x00", "pass", "realm contains a character"},
		{"empty password", "user", "realm", "", "password is empty"},
		{"tab in password", "user", "realm", "hunter\t2", "password contains a character"},
		{"soft hyphen in password", "user", "realm", "hunter\u00ad2", "password contains a character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := authn.LongTermKey(tt.username, tt.realm, tt.password)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("got %v, want %s…", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("error %q contains the password", err)
			}
		})
	}
	if _, err := authn.LongTermKey(long[:508], strings.Repeat("é", 127), "p"); err != nil {
		t.Errorf("longest allowed name and realm: got %v, want no error", err)
	}
}

func TestParseKey(t *testing.T) {
	const digits = "8493fbc53ba582fb4c044c456bdc40eb"
	want, err := authn.LongTermKey("user", "realm", "pass")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{digits, "0x" + digits, strings.ToUpper(digits)} {
		if got, err := authn.ParseKey(text); err != nil || got.MD5 != want.MD5 {
			t.Errorf("ParseKey(%q): got %x and %v, want the key of RFC 8489 section 9.2.2", text, [16]byte(got.MD5), err)
		}
	}
	for _, text := range []string{"", "0x", digits[1:], digits + "0", "0x0x" + digits, "zz" + digits[2:], strings.Repeat("0", 32)} {
		_, err := authn.ParseKey(text)
		if err == nil {
			t.Errorf("ParseKey(%q): got no error", text)
		} else if len(text) > 4 && strings.Contains(err.Error(), text[4:]) {
			t.Errorf("ParseKey(%q): error %q contains the key", text, err)
		}
	}
}

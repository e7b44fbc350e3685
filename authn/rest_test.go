package authn_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// rawKey computes the MD5 key of a client that prepares nothing.
func rawKey(username, password string) authn.Key {
	return authn.Key{MD5: md5.Sum([]byte(username + ":" + realm + ":" + password))}
}

// restKey computes the key that belongs to a REST username, written out anew.
func restKey(secret, username string) authn.Key {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return rawKey(username, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func TestIssueREST(t *testing.T) {
	tests := []struct{ id, username, password string }{
		{"alice", "1700000000:alice", "Cd/49soE35ICqcJF/bCTn8Z4OyE="},
		{"", "1700000000", "CWyHi3zCeWqXBir9thl4m+iZPRY="},
	}
	for _, tt := range tests {
		username, password := authn.IssueREST("north", tt.id, time.Unix(1700000000, 999))
		if username != tt.username || password != tt.password {
			t.Errorf("id %q: got %s %s, want %s %s", tt.id, username, password, tt.username, tt.password)
		}
	}
}

func TestRESTKeyVectors(t *testing.T) {
	a := mustNew(t, authn.Config{Secrets: []authn.Secret{{Value: "north"}}})
	for username, want := range map[string][2]string{
		"1700000000:alice": {"d9a6a3d964467baeffd2fce41704a913", "83d3954925462c35e3434563f6add993af0c083deb1cc493ec1873fb82b0ad1d"},
		"1700000000":       {"b0bdedaea226f1f35aa370453808839b", "fd51778a2b2cfd59e5a827848ef2e4cbaa234a6afea64d00efd086496d1c28ab"},
		"alice:1700000000": {"d8a02c2f66b5f290a8089edfa3e5c4c2", "18edecfab192d508657024101d004c977255416314005c904f9f2938e36a5bb0"},
	} {
		var got [2]string
		a.Verify(username, authn.PurposeAllocate, func(k authn.Key) bool {
			if got[0] == "" { // the dummy key comes last
				got = [2]string{hex.EncodeToString(k.MD5[:]), hex.EncodeToString(k.SHA256[:])}
			}
			return false
		})
		if got != want {
			t.Errorf("%s: got %v, want %v", username, got, want)
		}
	}
}

func TestRESTUsernames(t *testing.T) {
	const none = -1
	const yearEnd = 253402300799
	tests := []struct {
		username string
		expiry   int64 // none: not a REST username
		id       string
	}{
		{"4000000000:alice", 4000000000, "alice"},
		{"4000000000", 4000000000, "4000000000"},
		{"alice:4000000000", 4000000000, "alice"},
		{"4000000000:5000000000", 4000000000, "5000000000"},
		{"4000000000:@alice:example.org", 4000000000, "@alice:example.org"},
		{"4000000000:", 4000000000, "4000000000"},
		{":4000000000", 4000000000, "4000000000"},
		{"0004000000000:alice", 4000000000, "alice"},
		{"4000000000::", 4000000000, ":"},
		{"4000000000: ", 4000000000, " "},
		{"99999999999999999999999999:alice", yearEnd, "alice"},
		{"1700000000000:alice", yearEnd, "alice"}, // milliseconds: far in the future, as elsewhere
		{strconv.Itoa(yearEnd + 1), yearEnd, strconv.Itoa(yearEnd + 1)},
		{"alice", none, ""},
		{"alice:bob", none, ""},
		{"alice:bob:4000000000", none, ""},
		{"alice:4000000000:bob", none, ""},
		{":", none, ""},
		{"::4000000000", none, ""},
		{"+4000000000:alice", none, ""},
		{"-4000000000:alice", none, ""},
		{" 4000000000:alice", none, ""},
		{"4000000000 :alice", none, ""},
		{"4e9:alice", none, ""},
		{"0x10:alice", none, ""},
		{"٤٠٠٠٠٠٠٠٠٠:alice", none, ""}, // digits, but not ASCII
		{"4000000000;alice", none, ""},
	}
	a := mustNew(t, authn.Config{Secrets: []authn.Secret{{Value: "north"}}})
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q", tt.username), func(t *testing.T) {
			c, status := a.Verify(tt.username, authn.PurposeAllocate, is(restKey("north", tt.username)))
			if tt.expiry == none {
				if status != authn.Unknown {
					t.Errorf("got %v as %q, want unknown", status, c.User)
				}
				return
			}
			if status != authn.Found || c.ExpiresAt.Unix() != tt.expiry || c.User != tt.id {
				t.Errorf("got %v, expiry %d, id %q, want found, %d, %q", status, c.ExpiresAt.Unix(), c.User, tt.expiry, tt.id)
			}
		})
	}
}

func TestFirstSecondsOfTheEpochAreExpired(t *testing.T) {
	a := mustNew(t, authn.Config{Secrets: []authn.Secret{{Value: "north"}}})
	for _, username := range []string{"0", "0:alice", "alice:0", "1:alice"} {
		if _, status := a.Verify(username, authn.PurposeAllocate, is(restKey("north", username))); status != authn.Expired {
			t.Errorf("%q: got %v, want expired", username, status)
		}
	}
}

func FuzzRESTUsername(f *testing.F) {
	for _, seed := range []string{"4000000000:alice", "4000000000", "alice:4000000000", ":", "", "\x00", "4000000000:\x00", "99999999999999999999:%s\r\n", "a:b:1"} {
		f.Add(seed)
	}
	a := mustNew(f, authn.Config{Secrets: []authn.Secret{{Value: "north"}}})
	f.Fuzz(func(t *testing.T, username string) {
		name := strings.TrimRight(username, "\x00")
		c, status := a.Verify(username, authn.PurposeOther, is(restKey("north", name)))
		switch status {
		case authn.Unknown:
			if c != (authn.Credential{}) {
				t.Errorf("unknown with a credential %+v", c)
			}
		case authn.Found:
			if c.User == "" || !strings.Contains(name, c.User) {
				t.Errorf("identity %q is not a part of %q", c.User, name)
			}
			if seconds := c.ExpiresAt.Unix(); seconds < 0 || c.ExpiresAt.UTC().Year() > 9999 {
				t.Errorf("expiry %d cannot be shown", seconds)
			}
			if len(name) > authn.MaxWireUsernameBytes {
				t.Errorf("accepted %d bytes", len(name))
			}
			if !a.StillValid(username, c) {
				t.Error("found, but not still valid")
			}
		default:
			t.Errorf("got %v", status)
		}
		if _, status := a.Verify(username, authn.PurposeOther, is(restKey("south", name))); status != authn.Unknown {
			t.Errorf("foreign secret: got %v", status)
		}
	})
}

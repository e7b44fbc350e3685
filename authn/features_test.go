package authn_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// TestFeatures: a client takes what is announced, so nothing is that a single
// user of the realm could not live up to.
func TestFeatures(t *testing.T) {
	full := keyOf(t, "carol", "ready")
	md5Key := authn.Key{MD5: full.MD5}
	password := authn.User{Name: "alice", Password: "wonderland"}
	const md5, sha256 = wire.PasswordAlgorithmMD5, wire.PasswordAlgorithmSHA256
	md5Source := newFakeSource()
	md5Source.md5Only = true
	tests := []struct {
		name string
		cfg  authn.Config
		want authn.Features
	}{
		{"passwords", authn.Config{Users: []authn.User{password}}, authn.Features{Algorithm: sha256, UserHash: true}},
		{"a full key", authn.Config{Users: []authn.User{password, {Name: "carol", Key: full}}}, authn.Features{Algorithm: sha256, UserHash: true}},
		{"an MD5 key", authn.Config{Users: []authn.User{password, {Name: "carol", Key: md5Key}}}, authn.Features{Algorithm: md5, UserHash: true}},
		{"a secret", authn.Config{Users: []authn.User{password}, Secrets: []authn.Secret{{Value: "north"}}}, authn.Features{Algorithm: sha256}},
		{"secrets only", authn.Config{Secrets: []authn.Secret{{Value: "north"}}}, authn.Features{Algorithm: sha256}},
		{"an MD5 key and a secret", authn.Config{Users: []authn.User{{Name: "carol", Key: md5Key}}, Secrets: []authn.Secret{{Value: "north"}}}, authn.Features{Algorithm: md5}},
		{"a source", authn.Config{Source: newFakeSource()}, authn.Features{Algorithm: sha256}},
		{"a source of MD5 keys", authn.Config{Users: []authn.User{password}, Source: md5Source}, authn.Features{Algorithm: md5}},
		{"nobody", authn.Config{Anonymous: true}, authn.Features{Algorithm: sha256, UserHash: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustNew(t, tt.cfg).Features(); got != (authn.Features{}) {
				t.Errorf("switched off: got %+v, want none", got)
			}
			tt.cfg.SecurityFeatures = true
			if got := mustNew(t, tt.cfg).Features(); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestAnnouncedKeyIsKnown: whoever may relay has the key of the announced
// algorithm, the same that a client computes.
func TestAnnouncedKeyIsKnown(t *testing.T) {
	username, password := authn.IssueREST("north", "bob", time.Now().Add(time.Hour))
	a := mustNew(t, authn.Config{
		Users:            []authn.User{{Name: "alice", Password: "wonderland"}},
		Secrets:          []authn.Secret{{Value: "north"}},
		SecurityFeatures: true,
	})
	algorithm := a.Features().Algorithm
	for name, key := range map[string]authn.Key{"alice": keyOf(t, "alice", "wonderland"), username: keyOf(t, username, password)} {
		want := string(key.Bytes(algorithm))
		if _, status := a.Verify(name, authn.PurposeAllocate, func(k authn.Key) bool { return string(k.Bytes(algorithm)) == want }); status != authn.Found {
			t.Errorf("%s: got %v, want found by the key of algorithm %d", name, status, algorithm)
		}
	}
}

func TestKeyBytes(t *testing.T) {
	key := keyOf(t, "alice", "wonderland")
	for algorithm, want := range map[wire.PasswordAlgorithm]string{
		wire.PasswordAlgorithmMD5:    string(key.MD5[:]),
		wire.PasswordAlgorithmSHA256: string(key.SHA256[:]),
	} {
		if got := string(key.Bytes(algorithm)); got != want {
			t.Errorf("algorithm %d: got %x, want %x", algorithm, got, want)
		}
	}
}

func TestUsernameOfHash(t *testing.T) {
	users := []authn.User{{Name: "alice", Password: "wonderland"}, {Name: "Jose\u0301", Password: "sesame"}}
	a := mustNew(t, authn.Config{Users: users, SecurityFeatures: true})
	for name, want := range map[string]string{"alice": "alice", "Jos\u00e9": "Jos\u00e9", "Jose\u0301": "", "mallory": "", "": ""} {
		if got, _ := a.Username(wire.UserHash(name, realm)); got != want {
			t.Errorf("hash of %q: got %q, want %q", name, got, want)
		}
	}
	if got, _ := a.Username(wire.UserHash("alice", "example.net")); got != "" {
		t.Errorf("hash in another realm: got %q, want none", got)
	}
	for name, cfg := range map[string]authn.Config{
		"switched off":  {Users: users},
		"with a secret": {Users: users, Secrets: []authn.Secret{{Value: "north"}}, SecurityFeatures: true},
	} {
		if got, _ := mustNew(t, cfg).Username(wire.UserHash("alice", realm)); got != "" {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}

// TestNonceIsBoundToFeatures: a nonce serves only where the same is announced as
// at its issue, so neither a changed cookie nor a list from before a reload
// passes.
func TestNonceIsBoundToFeatures(t *testing.T) {
	client := netip.MustParseAddrPort("192.0.2.1:5000")
	n := authn.NewNonces(nil, 0)
	all := []authn.Features{
		plain,
		{Algorithm: wire.PasswordAlgorithmMD5},
		{Algorithm: wire.PasswordAlgorithmMD5, UserHash: true},
		{Algorithm: wire.PasswordAlgorithmSHA256},
		modern,
	}
	for _, minted := range all {
		nonce := n.Mint(nil, client, realm, minted)
		for _, checked := range all {
			want := authn.NonceForeign
			if minted == checked {
				want = authn.NonceValid
			}
			if got := n.Check(nonce, client, realm, checked); got != want {
				t.Errorf("minted for %+v, checked for %+v: got %d, want %d", minted, checked, got, want)
			}
			expected := n.Mint(nil, client, realm, checked)
			cookie, stamped := expected[:len(expected)-19], nonce[len(nonce)-19:]
			if got := n.Check(append(cookie, stamped...), client, realm, checked); got != want {
				t.Errorf("minted for %+v, cookie of %+v: got %d, want %d", minted, checked, got, want)
			}
		}
	}
}

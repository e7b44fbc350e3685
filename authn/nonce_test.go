package authn_test

import (
	"bytes"
	"net/netip"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// modern is what a realm with password users announces, plain what one does that
// speaks RFC 5389.
var (
	modern = authn.Features{Algorithm: wire.PasswordAlgorithmSHA256, UserHash: true}
	plain  = authn.Features{}
)

func TestNonces(t *testing.T) {
	fleet := []byte("a key that the nodes of a fleet share")
	client := netip.MustParseAddrPort("192.0.2.1:5000")
	mint := authn.NewNonces(fleet, time.Minute)
	tests := []struct {
		name   string
		check  *authn.Nonces
		client string
		realm  string
		after  time.Duration
		want   authn.NonceStatus
	}{
		{"at once", mint, "192.0.2.1:5000", realm, 0, authn.NonceValid},
		{"mapped form of the client", mint, "[::ffff:192.0.2.1]:5000", realm, 0, authn.NonceValid},
		{"last second", mint, "192.0.2.1:5000", realm, time.Minute, authn.NonceValid},
		{"too old", mint, "192.0.2.1:5000", realm, time.Minute + time.Second, authn.NonceStale},
		{"other port", mint, "192.0.2.1:5001", realm, 0, authn.NonceForeign},
		{"other address", mint, "192.0.2.2:5000", realm, 0, authn.NonceForeign},
		{"other family", mint, "[2001:db8::1]:5000", realm, 0, authn.NonceForeign},
		{"other realm", mint, "192.0.2.1:5000", "example.net", 0, authn.NonceForeign},
		{"no realm", mint, "192.0.2.1:5000", "", 0, authn.NonceForeign},
		{"foreign and old", mint, "192.0.2.1:5001", realm, time.Hour, authn.NonceForeign},
		{"node of the fleet", authn.NewNonces(fleet, time.Minute), "192.0.2.1:5000", realm, 0, authn.NonceValid},
		{"node with a shorter lifetime", authn.NewNonces(fleet, time.Second), "192.0.2.1:5000", realm, 2 * time.Second, authn.NonceStale},
		{"node with another key", authn.NewNonces([]byte("another"), time.Minute), "192.0.2.1:5000", realm, 0, authn.NonceForeign},
		{"node with a random key", authn.NewNonces(nil, time.Minute), "192.0.2.1:5000", realm, 0, authn.NonceForeign},
		{"node whose clock is 5 s behind", mint, "192.0.2.1:5000", realm, -5 * time.Second, authn.NonceValid},
		{"node whose clock is 6 s behind", mint, "192.0.2.1:5000", realm, -6 * time.Second, authn.NonceStale},
		{"default lifetime", authn.NewNonces(fleet, 0), "192.0.2.1:5000", realm, authn.DefaultNonceLifetime, authn.NonceValid},
		{"beyond the default lifetime", authn.NewNonces(fleet, 0), "192.0.2.1:5000", realm, authn.DefaultNonceLifetime + time.Second, authn.NonceStale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// Every bubble starts at the same time: the clocks of two nodes.
			var nonce []byte
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(max(0, -tt.after))
				nonce = mint.Mint(nil, client, realm, modern)
			})
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(max(0, tt.after))
				if got := tt.check.Check(nonce, netip.MustParseAddrPort(tt.client), tt.realm, modern); got != tt.want {
					t.Errorf("got %d, want %d", got, tt.want)
				}
			})
		})
	}
}

func TestNonceIsShortAndPrintable(t *testing.T) {
	n := authn.NewNonces(nil, 0)
	for announced, cookie := range map[authn.Features]string{
		plain:                                  "",
		{Algorithm: wire.PasswordAlgorithmMD5}: "obMatJos2gAAA", // RFC 8489 section 18.1: bit 0 comes first
		{Algorithm: wire.PasswordAlgorithmSHA256}: "obMatJos2gAAA",
		modern: "obMatJos2wAAA",
	} {
		want := regexp.MustCompile(`^prefix` + cookie + `[A-Za-z0-9_-]{19}$`)
		for port := range uint16(1000) {
			nonce := n.Mint([]byte("prefix"), netip.AddrPortFrom(netip.IPv6Loopback(), port), realm, announced)
			if !want.Match(nonce) {
				t.Fatalf("%+v: got %q, want %s", announced, nonce, want)
			}
		}
	}
}

// TestNonceDiffersByClient: RFC 8489 section 9.2.4 forbids the same nonce for
// two clients, unless source address and port are the same.
func TestNonceDiffersByClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := authn.NewNonces(nil, 0)
		seen := make(map[string]bool)
		for port := range uint16(10_000) {
			seen[string(n.Mint(nil, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), port), realm, plain))] = true
		}
		if len(seen) != 10_000 {
			t.Errorf("got %d different nonces for 10000 ports", len(seen))
		}
	})
}

func TestNonceForgeries(t *testing.T) {
	client := netip.MustParseAddrPort("192.0.2.1:5000")
	n := authn.NewNonces(nil, 0)
	nonce := n.Mint(nil, client, realm, modern)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range nonce {
		for _, c := range []byte(alphabet + "+/=\r\n\x00 \xff") {
			forged := bytes.Clone(nonce)
			forged[i] = c
			want := authn.NonceForeign
			if c == nonce[i] {
				want = authn.NonceValid
			}
			if got := n.Check(forged, client, realm, modern); got != want {
				t.Errorf("%q with %q at %d: got %d, want %d", nonce, c, i, got, want)
			}
		}
	}
	for name, forged := range map[string][]byte{
		"empty":      nil,
		"short":      nonce[:31],
		"long":       append(bytes.Clone(nonce), 'A'),
		"padded":     append(bytes.Clone(nonce), '='),
		"line break": append(bytes.Clone(nonce[:31]), '\n'),
		"no cookie":  nonce[13:],
		"cookie":     nonce[:13],
		"twice":      bytes.Repeat(nonce, 2),
		"zeros":      make([]byte, 32),
		"long zeros": make([]byte, 763),
	} {
		// The bytes of the last check must not fill up the next one.
		if got := n.Check(nonce, client, realm, modern); got != authn.NonceValid {
			t.Errorf("genuine: got %d, want valid", got)
		}
		if got := n.Check(forged, client, realm, modern); got != authn.NonceForeign {
			t.Errorf("%s: got %d, want foreign", name, got)
		}
	}
}

// TestNonceKeysAreRandom: without a fleet key no node accepts another's nonces.
func TestNonceKeysAreRandom(t *testing.T) {
	client := netip.MustParseAddrPort("192.0.2.1:5000")
	first, second := authn.NewNonces(nil, 0), authn.NewNonces(nil, 0)
	if got := second.Check(first.Mint(nil, client, realm, plain), client, realm, plain); got != authn.NonceForeign {
		t.Errorf("got %d, want foreign", got)
	}
}

// TestNonceKeyIsCopied: the caller may wipe its copy.
func TestNonceKeyIsCopied(t *testing.T) {
	key := []byte("a key that the nodes of a fleet share")
	client := netip.MustParseAddrPort("192.0.2.1:5000")
	first, second := authn.NewNonces(bytes.Clone(key), 0), authn.NewNonces(key, 0)
	clear(key)
	if got := second.Check(first.Mint(nil, client, realm, plain), client, realm, plain); got != authn.NonceValid {
		t.Errorf("got %d, want valid", got)
	}
}

func FuzzNonceCheck(f *testing.F) {
	client := netip.MustParseAddrPort("192.0.2.1:5000")
	n := authn.NewNonces([]byte("fleet"), time.Hour)
	genuine := n.Mint(nil, client, realm, modern)
	f.Add(genuine, uint16(5000), realm, uint16(2), true)
	f.Add(genuine[13:], uint16(5000), realm, uint16(0), false)
	f.Add([]byte{}, uint16(0), "", uint16(1), false)
	f.Add(append(bytes.Clone(genuine), 0), uint16(5000), realm, uint16(2), true)
	f.Add([]byte("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"), uint16(5000), realm, uint16(2), false)
	f.Fuzz(func(t *testing.T, nonce []byte, port uint16, r string, algorithm uint16, userHash bool) {
		from := netip.AddrPortFrom(client.Addr(), port)
		announced := authn.Features{Algorithm: wire.PasswordAlgorithm(algorithm), UserHash: userHash}
		before := bytes.Clone(nonce)
		got := n.Check(nonce, from, r, announced)
		isOurs := bytes.Equal(nonce, genuine) && from == client && r == realm && announced == modern
		if (got == authn.NonceValid) != isOurs {
			t.Errorf("Check(%q, %v, %q, %+v): got %d, ours: %t", nonce, from, r, announced, got, isOurs)
		}
		if !bytes.Equal(nonce, before) {
			t.Error("Check changed the nonce")
		}
		if got := n.Check(n.Mint(nil, from, r, announced), from, r, announced); got != authn.NonceValid {
			t.Errorf("fresh nonce for %v in %q: got %d, want valid", from, r, got)
		}
	})
}

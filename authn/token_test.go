package authn_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// The input of the samples of RFC 7635, appendix A.
const (
	sampleServer   = "blackdow.carleon.gov"
	sampleKey      = "HGkj32KJGiuy098sdfaqbNjOiaz71923"
	sampleMACKey   = "ZksjpweoixXmvn67534m"
	sampleStamp    = 92470300704768
	sampleLifetime = 3600 * time.Second
	sampleNonce    = "h4j3k2l2n4b5"

	sampleA256GCM = "000c68346a336b326c326e346235617ef134a3d5e44e9a19cc7dc104b0c03d03b2a551d8fdf5cd3b6dca6f10cfb77e5b2ddec84d293a5c50499359f0c2e26f76"
	sampleA128GCM = "000c68346a336b326c326e3462357fb9e99f0827be3df1e1bd651493d3031d36df57079784aee5eacb65fad4f27fab1a3f97974b69f851b24bf5af09eda357e0"
)

// sealToken makes a token as an authorization server does.
func sealToken(t testing.TB, key, server, nonce string, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	token := append(binary.BigEndian.AppendUint16(nil, uint16(len(nonce))), nonce...)
	return aead.Seal(token, []byte(nonce), plain, []byte(server))
}

// tokenText is what a token says.
func tokenText(macKey string, stamp uint64, lifetime time.Duration) []byte {
	b := append(binary.BigEndian.AppendUint16(nil, uint16(len(macKey))), macKey...)
	b = binary.BigEndian.AppendUint64(b, stamp)
	return binary.BigEndian.AppendUint32(b, uint32(lifetime/time.Second))
}

// tokenRealm takes tokens by the keys of the samples.
func tokenRealm(t testing.TB, change ...func(*authn.Config)) *authn.Authenticator {
	t.Helper()
	cfg := authn.Config{Realm: "example.org", OAuth: authn.OAuth{ServerName: sampleServer, Keys: []authn.TokenKey{
		{ID: "long", Key: []byte(sampleKey), Tenant: "acme"}, {ID: "short", Key: []byte(sampleKey[:16])},
	}}}
	for _, f := range change {
		f(&cfg)
	}
	a, err := authn.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// holds is a check that wants this key.
func holds(macKey string) func(authn.Key) bool {
	return func(key authn.Key) bool {
		return string(key.Bytes(wire.PasswordAlgorithmMD5)) == macKey && string(key.Bytes(wire.PasswordAlgorithmSHA256)) == macKey
	}
}

// sleepUntilSample waits for the time of the samples.
func sleepUntilSample(after time.Duration) {
	time.Sleep(time.Until(time.Unix(sampleStamp>>16, 0).Add(after)))
}

func TestSampleTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := tokenRealm(t)
		sleepUntilSample(time.Minute)
		for kid, text := range map[string]string{"long": sampleA256GCM, "short": sampleA128GCM} {
			token, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			got, status := a.VerifyToken(kid, token, holds(sampleMACKey))
			if status != authn.Found || got.SecretName != kid || !got.IsToken || got.User != "" {
				t.Errorf("%s: got %s, kid %q, want it found", kid, status, got.SecretName)
			}
			if left := time.Until(got.ExpiresAt); left < 3544*time.Second || left > 3545*time.Second {
				t.Errorf("%s: got %s left, want 3600 s + 5 s - 60 s and a fraction", kid, left)
			}
			key := sampleKey
			if kid == "short" {
				key = sampleKey[:16]
			}
			if own := sealToken(t, key, sampleServer, sampleNonce, tokenText(sampleMACKey, sampleStamp, sampleLifetime)); !bytes.Equal(own, token) {
				t.Errorf("%s: the test makes % x, the RFC has % x", kid, own, token)
			}
		}
	})
}

// RFC 7635 section 7: lifetime + delta > |now - timestamp|; what would leave less
// than a second is refused, too.
func TestTokenTime(t *testing.T) {
	stamp := func(at time.Time) uint64 {
		return uint64(at.Unix())<<16 | uint64(at.Nanosecond()/15625) // 1/64,000 s
	}
	for name, tt := range map[string]struct {
		age, lifetime, skew time.Duration
		want                authn.Status
		left                time.Duration
	}{
		"new":                      {0, time.Hour, 0, authn.Found, time.Hour + 5*time.Second},
		"half over":                {30 * time.Minute, time.Hour, 0, authn.Found, 30*time.Minute + 5*time.Second},
		"within delta":             {time.Hour + 4*time.Second, time.Hour, 0, authn.Found, time.Second},
		"beyond delta":             {time.Hour + 4*time.Second + time.Millisecond, time.Hour, 0, authn.Expired, 0},
		"long over":                {1000 * time.Hour, time.Hour, 0, authn.Expired, 0},
		"within skew":              {time.Hour + 20*time.Second, time.Hour, 30 * time.Second, authn.Found, 15 * time.Second},
		"beyond skew":              {time.Hour + 35*time.Second, time.Hour, 30 * time.Second, authn.Expired, 0},
		"future":                   {-time.Minute, time.Hour, 0, authn.Found, 59*time.Minute + 5*time.Second},
		"far future":               {-2 * time.Hour, time.Hour, 0, authn.Expired, 0},
		"no lifetime":              {0, 0, 0, authn.Found, 5 * time.Second},
		"no lifetime, old":         {5 * time.Second, 0, 0, authn.Expired, 0},
		"a fraction of the second": {500 * time.Millisecond, 0, 0, authn.Found, 4500 * time.Millisecond},
		"longest":                  {0, (1<<32 - 1) * time.Second, 0, authn.Found, (1<<32 + 4) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := tokenRealm(t, func(c *authn.Config) { c.ClockSkew = tt.skew })
				time.Sleep(2000 * time.Hour)
				text := tokenText(sampleMACKey, stamp(time.Now().Add(-tt.age)), tt.lifetime)
				got, status := a.VerifyToken("long", sealToken(t, sampleKey, sampleServer, sampleNonce, text), holds(sampleMACKey))
				if status != tt.want {
					t.Fatalf("got %s, want %s", status, tt.want)
				}
				if left := time.Until(got.ExpiresAt); tt.want == authn.Found && (left > tt.left || left < tt.left-time.Millisecond) {
					t.Errorf("got %s left, want %s", left, tt.left)
				}
			})
		})
	}
	t.Run("end of time", func(t *testing.T) {
		a := tokenRealm(t)
		for _, stamp := range []uint64{0, 1, 1<<48 - 1, 1 << 63, 1<<64 - 1} {
			token := sealToken(t, sampleKey, sampleServer, sampleNonce, tokenText(sampleMACKey, stamp, time.Hour))
			if _, status := a.VerifyToken("long", token, holds(sampleMACKey)); status != authn.Expired {
				t.Errorf("timestamp %#x: got %s, want expired", stamp, status)
			}
		}
	})
}

// now is a timestamp that holds.
func now() uint64 { return uint64(time.Now().Unix()) << 16 }

func TestTokenRefusals(t *testing.T) {
	a := tokenRealm(t)
	good := sealToken(t, sampleKey, sampleServer, sampleNonce, tokenText(sampleMACKey, now(), time.Hour))
	if c, status := a.VerifyToken("long", good, holds(sampleMACKey)); status != authn.Found || c.Tenant != "acme" {
		t.Fatalf("good token: got %s for tenant %q, want it found for acme", status, c.Tenant)
	}
	refused := func(name, kid string, token []byte) {
		t.Helper()
		if _, status := a.VerifyToken(kid, token, func(authn.Key) bool { return true }); status != authn.Unknown {
			t.Errorf("%s: got %s, want unknown", name, status)
		}
	}
	refused("no kid", "", good)
	refused("unknown kid", "other", good)
	refused("longest kid", strings.Repeat("x", 763), good)
	refused("kid of another key", "short", good)
	for n := range good {
		refused("cut", "long", good[:n])
	}
	refused("longer", "long", append(slices.Clone(good), 0))
	refused("much longer", "long", append(slices.Clone(good), make([]byte, 60_000)...))
	for bit := range 8 * len(good) {
		changed := slices.Clone(good)
		changed[bit/8] ^= 1 << (bit % 8)
		refused("changed", "long", changed)
	}
	text := tokenText(sampleMACKey, now(), time.Hour)
	refused("of another server", "long", sealToken(t, sampleKey, "turn.example.org", sampleNonce, text))
	refused("of no server", "long", sealToken(t, sampleKey, "", sampleNonce, text))
	for name, text := range map[string][]byte{
		"no mac_key":         tokenText("", now(), time.Hour),
		"short mac_key":      tokenText(sampleMACKey[:15], now(), time.Hour),
		"long mac_key":       tokenText(strings.Repeat("x", 65), now(), time.Hour),
		"more behind":        append(tokenText(sampleMACKey, now(), time.Hour), 0),
		"less behind":        text[:len(text)-1],
		"longer than it is":  append([]byte{0xFF, 0xFF}, text[2:]...),
		"shorter than it is": append([]byte{0, 16}, text[2:]...),
		"empty":              {},
		"one byte":           {0},
	} {
		refused(name, "long", sealToken(t, sampleKey, sampleServer, sampleNonce, text))
	}
	if _, status := a.VerifyToken("long", good, func(authn.Key) bool { return false }); status != authn.Unknown {
		t.Errorf("message by another key: got %s, want unknown", status)
	}
}

// The whole mac_key protects messages, or, as coturn's client has it, its first 16
// bytes; which one it was is kept for the answers.
func TestTokenMACKeys(t *testing.T) {
	a := tokenRealm(t)
	for _, n := range []int{16, 20, 32, 64} {
		macKey := strings.Repeat("0123456789abcdef", 4)[:n]
		token := sealToken(t, sampleKey, sampleServer, sampleNonce, tokenText(macKey, now(), time.Hour))
		for _, used := range []string{macKey, macKey[:16]} {
			got, status := a.VerifyToken("long", token, holds(used))
			if status != authn.Found || !holds(used)(got.Key) {
				t.Errorf("mac_key of %d bytes, %d used: got %s", n, len(used), status)
			}
		}
		if _, status := a.VerifyToken("long", token, holds(macKey[:15])); status != authn.Unknown {
			t.Errorf("mac_key of %d bytes, 15 used: got %s, want unknown", n, status)
		}
	}
}

func TestOAuthConfig(t *testing.T) {
	a := tokenRealm(t)
	token := sealToken(t, sampleKey, sampleServer, sampleNonce, tokenText(sampleMACKey, now(), time.Hour))
	made, _ := a.VerifyToken("long", token, holds(sampleMACKey))
	another := tokenRealm(t, func(c *authn.Config) { c.OAuth.Keys[0].Key = []byte(strings.Repeat("k", 32)) })
	if a.TokenServer() != sampleServer || !a.HasTokenKey("long", made.KeyPrint) || a.HasTokenKey("other", made.KeyPrint) || another.HasTokenKey("long", made.KeyPrint) {
		t.Errorf("got server %q, key long %t, key other %t, long with another secret %t", a.TokenServer(),
			a.HasTokenKey("long", made.KeyPrint), a.HasTokenKey("other", made.KeyPrint), another.HasTokenKey("long", made.KeyPrint))
	}
	moved := tokenRealm(t, func(c *authn.Config) { c.OAuth.Keys[0].Tenant = "umbrella" })
	if moved.HasTokenKey("long", made.KeyPrint) {
		t.Error("a key of another tenant now counts as the same")
	}
	if a.Features().UserHash {
		t.Error("announces hashed usernames, and no hash stands for a kid")
	}
	off := tokenRealm(t, func(c *authn.Config) { c.OAuth, c.Anonymous = authn.OAuth{}, true })
	if off.TokenServer() != "" || off.HasTokenKey("long", made.KeyPrint) {
		t.Errorf("without keys: got server %q and key long %t", off.TokenServer(), off.HasTokenKey("long", made.KeyPrint))
	}
	key := []byte(sampleKey)
	for want, o := range map[string]authn.OAuth{
		"server_name is empty":    {Keys: []authn.TokenKey{{ID: "a", Key: key}}},
		"keys is empty":           {ServerName: "x"},
		"at most 255 fit":         {ServerName: strings.Repeat("x", 256), Keys: []authn.TokenKey{{ID: "a", Key: key}}},
		"the secret has 20 bytes": {ServerName: "x", Keys: []authn.TokenKey{{ID: "a", Key: key[:20]}}},
		"kid has 0 bytes":         {ServerName: "x", Keys: []authn.TokenKey{{Key: key}}},
		"kid has 129 bytes":       {ServerName: "x", Keys: []authn.TokenKey{{ID: strings.Repeat("a", 129), Key: key}}},
		`kid "a" repeats keys[0]`: {ServerName: "x", Keys: []authn.TokenKey{{ID: "a", Key: key}, {ID: "a", Key: key}}},
	} {
		_, err := authn.New(authn.Config{Realm: "r", Anonymous: true, OAuth: o})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sampleKey[:8]) {
			t.Errorf("got error %v, want one with %q and no key", err, want)
		}
	}
}

func FuzzToken(f *testing.F) {
	a := tokenRealm(f)
	text := tokenText(sampleMACKey, now(), time.Hour)
	good := sealToken(f, sampleKey, sampleServer, sampleNonce, text)
	f.Add(good, false)
	f.Add(text, true) // sealed by the fuzzer's own hand
	f.Add([]byte{0, 12}, false)
	f.Fuzz(func(t *testing.T, b []byte, isText bool) {
		token := b
		if isText {
			if len(b) > 60_000 {
				return
			}
			token = sealToken(t, sampleKey, sampleServer, sampleNonce, b)
		}
		var offered []int
		_, status := a.VerifyToken("long", token, func(key authn.Key) bool {
			offered = append(offered, len(key.Bytes(wire.PasswordAlgorithmMD5)))
			return true
		})
		if !isText && status != authn.Unknown && !bytes.Equal(token, good) {
			t.Errorf("% x: got %s, and nobody made it", token, status)
		}
		for _, n := range offered {
			if n < 16 || n > 64 {
				t.Errorf("% x: offers a key of %d bytes", b, n)
			}
		}
	})
}

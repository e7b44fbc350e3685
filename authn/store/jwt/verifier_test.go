package jwt_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	driver "github.com/golang-jwt/jwt/v5"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/jwt"
)

const (
	realm  = "example.org"
	secret = "the secret that signs the tokens"
)

// claims are good ones, changed by the test.
func claims(change func(c driver.MapClaims)) driver.MapClaims {
	c := driver.MapClaims{"sub": "bob", "exp": time.Now().Add(time.Hour).Unix(), "iss": "portal", "aud": "turn"}
	if change != nil {
		change(c)
	}
	return c
}

// sign makes a token and cuts it at its last dot.
func sign(t *testing.T, method driver.SigningMethod, c driver.Claims, key any) (head, signature string) {
	t.Helper()
	token, err := driver.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndexByte(token, '.')
	return token[:at], token[at+1:]
}

func newVerifier(t *testing.T, cfg jwt.Config) *jwt.Verifier {
	t.Helper()
	v, err := jwt.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSecretTokens(t *testing.T) {
	v := newVerifier(t, jwt.Config{Secret: secret, Issuer: "portal", Audience: "turn", ClockSkew: time.Minute})
	tests := []struct {
		name   string
		method driver.SigningMethod
		change func(c driver.MapClaims)
		isGood bool
	}{
		{"HS256", driver.SigningMethodHS256, nil, true},
		{"HS512", driver.SigningMethodHS512, nil, true},
		{"expired, which authn judges", driver.SigningMethodHS256, func(c driver.MapClaims) { c["exp"] = 1000 }, true},
		{"this realm", driver.SigningMethodHS256, func(c driver.MapClaims) { c["realm"] = realm }, true},
		{"not before, within the skew", driver.SigningMethodHS256, func(c driver.MapClaims) { c["nbf"] = time.Now().Add(30 * time.Second).Unix() }, true},
		{"not yet", driver.SigningMethodHS256, func(c driver.MapClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }, false},
		{"no expiry", driver.SigningMethodHS256, func(c driver.MapClaims) { delete(c, "exp") }, false},
		{"no subject", driver.SigningMethodHS256, func(c driver.MapClaims) { delete(c, "sub") }, false},
		{"subject with a line break", driver.SigningMethodHS256, func(c driver.MapClaims) { c["sub"] = "a\nb" }, false},
		{"other realm", driver.SigningMethodHS256, func(c driver.MapClaims) { c["realm"] = "example.net" }, false},
		{"other issuer", driver.SigningMethodHS256, func(c driver.MapClaims) { c["iss"] = "x" }, false},
		{"other audience", driver.SigningMethodHS256, func(c driver.MapClaims) { c["aud"] = "x" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := claims(tt.change)
			head, signature := sign(t, tt.method, c, []byte(secret))
			record, err := v.User(t.Context(), realm, head)
			if !tt.isGood {
				if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("got %v, want ErrNotFound", err)
				}
				return
			}
			want, _ := authn.WireKey(head, realm, signature)
			if err != nil || record.Key != want || record.User != "bob" || record.ExpiresAt.IsZero() {
				t.Errorf("got user %q until %v, %v, want bob with the signature as password", record.User, record.ExpiresAt, err)
			}
		})
	}
}

// TestForgedTokens have no password that anybody but the issuer knows.
func TestForgedTokens(t *testing.T) {
	v := newVerifier(t, jwt.Config{Secret: secret})
	head, forged := sign(t, driver.SigningMethodHS256, claims(nil), []byte("a guess"))
	record, err := v.User(t.Context(), realm, head)
	if guess, _ := authn.WireKey(head, realm, forged); err != nil || record.Key == guess {
		t.Errorf("signed by another secret: got its key, %v", err)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"bob","exp":9999999999}`))
	whole, signature := sign(t, driver.SigningMethodHS256, claims(nil), []byte(secret))
	for _, name := range []string{none, none + ".", whole + "." + signature, "a.b", "..", ".", "alice", "1700000000:alice", strings.Repeat("x.", 300)} {
		if _, err := v.User(t.Context(), realm, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%.40q: got %v, want ErrNotFound", name, err)
		}
	}
}

func TestPublicKeyTokens(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	v := newVerifier(t, jwt.Config{PublicKey: text, Password: "token", KeyID: "k1"})
	make := func(method driver.SigningMethod, kid string, key any) string {
		token := driver.NewWithClaims(method, claims(nil))
		token.Header["kid"] = kid
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	good := make(driver.SigningMethodEdDSA, "k1", private)
	record, err := v.User(t.Context(), realm, good)
	if want, _ := authn.WireKey(good, realm, "token"); err != nil || record.Key != want || record.User != "bob" {
		t.Errorf("got %q, %v, want bob with the common password", record.User, err)
	}
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	for name, token := range map[string]string{
		"other key":                  make(driver.SigningMethodEdDSA, "k1", other),
		"other kid":                  make(driver.SigningMethodEdDSA, "k2", private),
		"HMAC with the public key":   make(driver.SigningMethodHS256, "k1", []byte(text)),
		"signature cut off":          good[:strings.LastIndexByte(good, '.')],
		"signature of another token": good[:strings.LastIndexByte(good, '.')] + ".AAAA",
	} {
		if _, err := v.User(t.Context(), realm, token); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]jwt.Config{
		"nothing":               {},
		"both":                  {Secret: "a", PublicKey: "b"},
		"key without password":  {PublicKey: "b"},
		"secret with password":  {Secret: "a", Password: "b"},
		"not PEM":               {PublicKey: "hunter2", Password: "b"},
		"PEM of something else": {PublicKey: "-----BEGIN X-----\naHVudGVyMg==\n-----END X-----\n", Password: "b"},
	} {
		if _, err := jwt.New(cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the text", name, err)
		}
	}
}

package jwt_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	driver "github.com/golang-jwt/jwt/v5"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/jwt"
)

// FuzzToken: a name is a user's, with a key, an identity and an expiry, or nobody's.
// Whatever it is, the store is well, and who does not know the secret cannot tell the
// password from the name.
func FuzzToken(f *testing.F) {
	now := time.Now()
	for _, c := range []driver.MapClaims{
		{"sub": "bob", "exp": now.Add(time.Hour).Unix()},
		{"sub": "bob", "exp": now.Unix(), "realm": realm, "nbf": 1.5, "aud": []string{"turn"}},
		{"sub": "a\x00b", "exp": -1},
	} {
		token, err := driver.NewWithClaims(driver.SigningMethodHS256, c).SignedString([]byte(secret))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
		f.Add(token[:strings.LastIndexByte(token, '.')])
	}
	for _, name := range []string{"", ".", "..", "a.b", "eyJhbGciOiJub25lIn0.e30", "eyJhbGciOiJIUzI1NiJ9.bnVsbA"} {
		f.Add(name)
	}
	bySecret, err := jwt.New(jwt.Config{Secret: secret})
	if err != nil {
		f.Fatal(err)
	}
	byKey, err := jwt.New(jwt.Config{PublicKey: testPublicKey, Password: "the password of all"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, v := range []*jwt.Verifier{bySecret, byKey} {
			record, err := v.User(t.Context(), realm, name)
			switch {
			case err == nil:
				if record.Key == (authn.Key{}) || record.User == "" || record.ExpiresAt.IsZero() {
					t.Errorf("%q: got %q until %s with key %v, want all three", name, record.User, record.ExpiresAt, record.Key != authn.Key{})
				}
				if v == byKey {
					t.Errorf("%q: got a user without the private key", name)
				}
			case !errors.Is(err, store.ErrNotFound):
				t.Errorf("%q: got error %v, want nobody", name, err)
			case record != (authn.Record{}):
				t.Errorf("%q: got a record beside an error", name)
			}
		}
	})
}

// testPublicKey is the public half of a key that nobody has kept.
const testPublicKey = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEARCr0YemI2a+tyB4jRbQ0y1JEt0DgXaJhURWoUQuml/g=\n-----END PUBLIC KEY-----\n"

package jwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

// Config says which tokens are good. It holds secrets and is never shown.
// Exactly one of Secret and PublicKey is set.
type Config struct {
	Secret    string        // of HS256, HS384 and HS512
	PublicKey string        // PEM: a public key or a certificate
	Password  string        // of every client, with PublicKey
	KeyID     string        // what kid must be; empty: anything
	Issuer    string        // what iss must be; empty: anything
	Audience  string        // what aud must contain; empty: anything
	ClockSkew time.Duration // tolerated at nbf
}

// Verifier tells users by their tokens.
type Verifier struct {
	cfg     Config
	key     any // of Config.PublicKey
	methods []string
	claims  *jwt.Validator
}

// New checks cfg. Its errors show no secret.
func New(cfg Config) (*Verifier, error) {
	v := &Verifier{cfg: cfg, methods: []string{"HS256", "HS384", "HS512"}}
	switch {
	case cfg.Secret != "" && cfg.PublicKey != "":
		return nil, errors.New("has both a secret and a public key: keep one of the two")
	case cfg.Secret == "" && cfg.PublicKey == "":
		return nil, errors.New("needs a secret (HS256) or a public key")
	case cfg.PublicKey != "" && cfg.Password == "":
		return nil, errors.New("needs the password of all clients beside its public key: the server cannot make a signature")
	case cfg.Secret != "" && cfg.Password != "":
		return nil, errors.New("has a password, which only a public key needs: with a secret the password is the token's signature")
	case cfg.PublicKey != "":
		var err error
		if v.key, v.methods, err = publicKey(cfg.PublicKey); err != nil {
			return nil, err
		}
	}
	// exp is checked by authn, with its own rules.
	options := []jwt.ParserOption{jwt.WithLeeway(cfg.ClockSkew)}
	if cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		options = append(options, jwt.WithAudience(cfg.Audience))
	}
	v.claims = jwt.NewValidator(options...)
	return v, nil
}

// publicKey reads a key from PEM and says which algorithms it is for.
func publicKey(text string) (key any, methods []string, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, nil, errors.New("the public key is not PEM")
	}
	if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
		key = certificate.PublicKey
	} else if key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		return nil, nil, errors.New("the PEM holds neither a public key (PKIX) nor a certificate")
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PublicKey:
		return key, []string{"ES256", "ES384", "ES512"}, nil
	case ed25519.PublicKey:
		return key, []string{"EdDSA"}, nil
	}
	return nil, nil, errors.New("the public key is neither RSA, ECDSA nor Ed25519")
}

// claims are what is read of a token.
type claims struct {
	jwt.RegisteredClaims
	Realm string `json:"realm"`
}

// User is part of store.Backend: the user that the token in a name is for.
func (v *Verifier) User(_ context.Context, realm, name string) (authn.Record, error) {
	c, password, ok := v.open(name)
	if !ok || c.Subject == "" || c.ExpiresAt == nil || c.Realm != "" && c.Realm != realm || !v.isValid(c) {
		return authn.Record{}, store.ErrNotFound
	}
	identity, err := authn.PrepareUsername(c.Subject)
	if err != nil {
		return authn.Record{}, store.ErrNotFound
	}
	key, err := authn.WireKey(name, realm, password)
	if err != nil {
		return authn.Record{}, store.ErrNotFound
	}
	return authn.Record{Key: key, User: identity, ExpiresAt: c.ExpiresAt.Time}, nil
}

// open reads the token in a name and returns the password that goes with it.
func (v *Verifier) open(name string) (c claims, password string, ok bool) {
	parts := strings.Split(name, ".")
	if v.key != nil {
		token, err := jwt.NewParser(jwt.WithValidMethods(v.methods), jwt.WithoutClaimsValidation()).
			ParseWithClaims(name, &c, func(*jwt.Token) (any, error) { return v.key, nil })
		return c, v.cfg.Password, err == nil && v.isOurs(token)
	}
	if len(parts) != 2 {
		return claims{}, "", false
	}
	token, _, err := jwt.NewParser().ParseUnverified(name+".", &c)
	if err != nil || !v.isOurs(token) {
		return claims{}, "", false
	}
	// Only who knows the secret knows the signature.
	signature, err := token.Method.Sign(name, []byte(v.cfg.Secret))
	if err != nil {
		return claims{}, "", false
	}
	return c, token.EncodeSegment(signature), true
}

// isOurs checks the header: an algorithm for our key, and the name of the key.
func (v *Verifier) isOurs(token *jwt.Token) bool {
	if !slices.Contains(v.methods, token.Method.Alg()) {
		return false
	}
	kid, _ := token.Header["kid"].(string)
	return v.cfg.KeyID == "" || kid == v.cfg.KeyID
}

// isValid checks the claims but for exp.
func (v *Verifier) isValid(c claims) bool {
	c.ExpiresAt = nil
	return v.claims.Validate(c) == nil
}

// UserByHash is part of store.Backend; tokens cannot be listed.
func (v *Verifier) UserByHash(context.Context, string, [sha256.Size]byte) (string, authn.Record, error) {
	return "", authn.Record{}, store.ErrNotFound
}

// Secrets is part of store.Backend; there are none.
func (v *Verifier) Secrets(context.Context, string) ([]authn.Secret, error) { return nil, nil }

// Traits is part of store.Backend: passwords are known, so keys have both forms.
func (v *Verifier) Traits(context.Context, string) (store.Traits, error) {
	return store.Traits{SHA256: true}, nil
}

// Ping is part of store.Backend; there is nothing that could be down.
func (v *Verifier) Ping(context.Context) error { return nil }

// Addresses is part of store.Backend.
func (v *Verifier) Addresses() []string { return nil }

// Close is part of store.Backend.
func (v *Verifier) Close() error { return nil }

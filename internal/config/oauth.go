package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/fairlead/fairlead/authn"
)

// OAuth says whose access tokens are taken in a realm (RFC 7635).
type OAuth struct {
	ServerName string     `yaml:"server_name" live:"yes"`
	Keys       []OAuthKey `yaml:"keys" live:"yes"`
}

// OAuthKey is a key that an authorization server encrypts its tokens by.
type OAuthKey struct {
	ID         string `yaml:"kid"`
	Secret     Secret `yaml:"secret"`
	SecretFile string `yaml:"secret_file"`
	Algorithm  string `yaml:"algorithm"`
	Tenant     string `yaml:"tenant"`
}

// tokenKeyBytes are the lengths of keys by algorithm (RFC 7518 section 5.1).
var tokenKeyBytes = map[string]int{"A256GCM": 32, "A128GCM": 16}

// defaultTokenAlgorithm is what every server must know (RFC 7635 section 4.1.1).
const defaultTokenAlgorithm = "A256GCM"

// key is the binary form of a key.
func (k OAuthKey) key() ([]byte, error) {
	algorithm := k.Algorithm
	if algorithm == "" {
		algorithm = defaultTokenAlgorithm
	}
	key, err := base64.StdEncoding.DecodeString(k.Secret.Reveal())
	if err != nil {
		return nil, errors.New("is not base64") // the cause would quote a part
	}
	switch want := tokenKeyBytes[algorithm]; {
	case len(key) > want:
		return nil, fmt.Errorf("has %d bytes, %s takes %d: where another program takes the first %d, give those alone", len(key), algorithm, want, want)
	case len(key) < want:
		return nil, fmt.Errorf("has %d bytes, %s takes %d: openssl rand -base64 %d makes one", len(key), algorithm, want, want)
	}
	return key, nil
}

// authnConfig is what authn takes. A key that is wrong, which Validate has
// reported, is empty there.
func (o OAuth) authnConfig() authn.OAuth {
	cfg := authn.OAuth{ServerName: o.ServerName}
	for _, each := range o.Keys {
		key, err := each.key()
		if err != nil {
			key = nil
		}
		cfg.Keys = append(cfg.Keys, authn.TokenKey{ID: each.ID, Key: key, Tenant: each.Tenant})
	}
	return cfg
}

// names reports whether a key belongs to a tenant.
func (o OAuth) names(tenant string) bool {
	return slices.ContainsFunc(o.Keys, func(k OAuthKey) bool { return k.Tenant == tenant })
}

// readTokenKeys fills the keys of one realm from their files.
func (r *reader) readTokenKeys(path string, keys []OAuthKey) {
	for i := range keys {
		r.readSecret(fmt.Sprintf("%s.oauth.keys[%d].secret", path, i), &keys[i].Secret, keys[i].SecretFile)
	}
}

// oauth checks what authn cannot see, and puts any key in the place of one that is
// wrong, so that authn goes on to the other rules.
func (v *validator) oauth(path string, o OAuth, cfg *authn.OAuth) {
	for i, each := range o.Keys {
		at := fmt.Sprintf("%s.oauth.keys[%d]", path, i)
		if each.Algorithm != "" && tokenKeyBytes[each.Algorithm] == 0 {
			v.oneOf(at+".algorithm", each.Algorithm, "A256GCM", "A128GCM")
			cfg.Keys[i].Key = make([]byte, tokenKeyBytes[defaultTokenAlgorithm])
		} else if _, err := each.key(); err != nil {
			v.reject(at+".secret", each.Secret, "%s", err)
			cfg.Keys[i].Key = make([]byte, tokenKeyBytes[defaultTokenAlgorithm])
		}
		if each.Tenant != "" {
			v.label(at+".tenant", each.Tenant)
		}
	}
}

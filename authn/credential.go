package authn

import "time"

// Credential is what Verify found.
type Credential struct {
	Key        Key       // the key that the message was checked with; answers are signed with it
	User       string    // identity for quotas: the name, for REST credentials only the id
	ExpiresAt  time.Time // of a REST credential or a token; zero: never
	SecretName string    // name of the shared secret of a REST credential
	Tenant     string    // that the shared secret, or the user of a Source, belongs to; may be empty
	IsToken    bool      // of an access token: nobody's in particular, SecretName is its kid
	KeyPrint   KeyPrint  // of the key that the token was made with
}

// credential is what the user of a Record authenticates with.
func (r Record) credential(name string) Credential {
	c := Credential{Key: r.Key.sealed(), User: r.User, ExpiresAt: r.ExpiresAt, Tenant: r.Tenant}
	if c.User == "" {
		c.User = name
	}
	return c
}

package config

import (
	"fmt"
	"net/url"
	"time"

	"github.com/fairlead/fairlead/internal/credentials"
)

// What an API key gets that says nothing about it.
const (
	defaultKeyTimeToLive = Duration(24 * time.Hour)
	defaultKeyRate       = 100
)

func (v *validator) credentialEndpoint() {
	e := v.config.CredentialEndpoint
	on := e.Address != "" && e.Address != addressOff
	if on {
		if _, err := parseAddressPort(e.Address); err != nil {
			v.reject("credential_endpoint.address", e.Address, `must be off, or an IP address and a port, such as "127.0.0.1:8787"`)
		}
		if len(e.Keys) == 0 {
			v.reject("credential_endpoint.keys", nil, "holds no API key: nobody could get a credential")
		}
		if e.HTTPS && len(v.config.TLS.Certificates) == 0 {
			v.reject("credential_endpoint.https", e.HTTPS, "needs a certificate: set tls.certificates")
		}
	}
	for i, origin := range e.AllowedOrigins {
		u, err := url.Parse(origin)
		isOrigin := err == nil && u.Scheme != "" && u.Host != "" && u.Scheme+"://"+u.Host == origin
		if origin != "*" && !isOrigin {
			v.reject(fmt.Sprintf("credential_endpoint.allowed_origins[%d]", i), origin, `must be * or an origin, such as "https://app.example.org", without a path`)
		}
	}
	names, values := make(map[string]int), make(map[Secret]int)
	for i, key := range e.Keys {
		path := fmt.Sprintf("credential_endpoint.keys[%d]", i)
		v.label(path+".name", key.Name)
		if first, twice := names[key.Name]; twice {
			v.reject(path+".name", key.Name, "stands in keys[%d] already", first)
		}
		names[key.Name] = i
		if n := len(key.Key); n < minTokenBytes {
			v.reject(path+".key", key.Key, "has %d bytes, at least %d are needed: openssl rand -hex 32 makes one", n, minTokenBytes)
		} else if first, twice := values[key.Key]; twice {
			v.reject(path+".key", key.Key, "repeats keys[%d]", first)
		}
		values[key.Key] = i
		if _, known := v.config.RealmOf(key.Realm); !known {
			v.reject(path+".realm", key.Realm, "is neither auth.realm nor the name of one of realms")
		} else if _, found := v.config.issuingSecret(key); on && !found {
			v.reject(path+".tenant", key.Tenant, "is the tenant of no shared secret of that realm, so there is nothing to make credentials with")
		}
		v.lasts(path+".max_time_to_live", key.MaxTimeToLive, 0, Duration(365*24*time.Hour))
		v.between(path+".requests_per_second", int64(key.RequestsPerSecond), 0, 1_000_000)
	}
}

// issuingSecret finds the shared secret for the credentials of a key: the first
// of its realm and tenant.
func (c *Config) issuingSecret(key APIKey) (SharedSecret, bool) {
	realm, _ := c.RealmOf(key.Realm)
	for _, secret := range realm.Secrets {
		if secret.Tenant == key.Tenant {
			return secret, true
		}
	}
	return SharedSecret{}, false
}

// CredentialEndpointAddress is where credentials are handed out, if at all.
func (c *Config) CredentialEndpointAddress() (address string, on bool) {
	a := c.CredentialEndpoint.Address
	return a, a != "" && a != addressOff
}

// CredentialKeys are the API keys with what their credentials are made with.
func (c *Config) CredentialKeys() []credentials.Key {
	var keys []credentials.Key
	for _, key := range c.CredentialEndpoint.Keys {
		realm, _ := c.RealmOf(key.Realm)
		secret, _ := c.issuingSecret(key)
		converted := credentials.Key{
			Name:              key.Name,
			Value:             key.Key.Reveal(),
			Issuer:            c.Issuer(realm, secret),
			MaxTimeToLive:     key.MaxTimeToLive.Std(),
			RequestsPerSecond: key.RequestsPerSecond,
			Tenant:            key.Tenant,
			MayRevoke:         key.MayRevoke,
		}
		if converted.MaxTimeToLive == 0 {
			converted.MaxTimeToLive = defaultKeyTimeToLive.Std()
		}
		if converted.RequestsPerSecond == 0 {
			converted.RequestsPerSecond = defaultKeyRate
		}
		keys = append(keys, converted)
	}
	return keys
}

// Issuer makes the credentials of a shared secret of a realm.
func (c *Config) Issuer(realm Realm, secret SharedSecret) credentials.Issuer {
	return credentials.Issuer{Realm: realm.Name, Secret: secret.Value.Reveal(), MaxTimeToLive: c.Auth.MaxTimeToLive.Std()}
}

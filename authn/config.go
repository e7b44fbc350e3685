package authn

import (
	"errors"
	"fmt"
	"time"
)

// Config says who may relay in one realm. New validates it.
type Config struct {
	Realm   string   // sent in every 401; RFC 8489 section 14.9
	Users   []User   // static users; names are unique after preparation
	Secrets []Secret // shared secrets of REST credentials, tried in this order
	Source  Source   // users and secrets that live elsewhere, asked last; nil: none
	OAuth   OAuth    // access tokens

	Expiry        ExpiryMode    // when the expiry of a REST credential is checked
	ExpiryGrace   time.Duration // ExpiryStrict: how long a live allocation outlasts the expiry
	ClockSkew     time.Duration // tolerated difference to the clock of the issuer
	MaxTimeToLive time.Duration // longest accepted time until the expiry at Allocate; 0: any

	Anonymous bool // relay for requests without credentials, too
	Nobody    bool // having no credentials is meant: nobody relays in this realm

	// SecurityFeatures announces those of RFC 8489 as far as all users allow,
	// see Features; false speaks RFC 5389 to everybody.
	SecurityFeatures bool
}

// User is a static user. Exactly one of Password and Key is set.
type User struct {
	Name     string
	Password string
	Key      Key // ready key, from ParseKey; belongs to this name and the realm
}

// Secret is a shared secret of the REST credentials. Its bytes are used as
// they are: no preparation, no decoding.
type Secret struct {
	Name   string // for logs and revocation, may be empty
	Value  string
	Tenant string // whose credentials it makes, within the realm; may be empty
}

// ExpiryMode says at which requests the expiry of a REST credential counts.
type ExpiryMode uint8

const (
	// ExpiryAtAllocate lets an allocation live on after its credential expired.
	ExpiryAtAllocate ExpiryMode = iota
	// ExpiryStrict checks every request, with Config.ExpiryGrace for live
	// allocations.
	ExpiryStrict
)

// check returns every problem of c that does not concern a single user.
func (c Config) check() error {
	var problems []error
	if len(c.Users) == 0 && len(c.Secrets) == 0 && c.Source == nil && len(c.OAuth.Keys) == 0 && !c.Anonymous && !c.Nobody {
		problems = append(problems, ErrNoCredentials)
	}
	if err := c.OAuth.check(); err != nil {
		problems = append(problems, err)
	}
	if c.Expiry > ExpiryStrict {
		problems = append(problems, fmt.Errorf("expiry: unknown mode %d", c.Expiry))
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"expiry_grace", c.ExpiryGrace},
		{"clock_skew", c.ClockSkew},
		{"max_time_to_live", c.MaxTimeToLive},
	} {
		if d.value < 0 {
			problems = append(problems, fmt.Errorf("%s: %s is negative", d.key, d.value))
		}
	}
	for i, s := range c.Secrets {
		if s.Value == "" {
			problems = append(problems, fmt.Errorf("secrets[%d]: value is empty", i))
		}
		for j, earlier := range c.Secrets[:i] {
			if s.Value != "" && s.Value == earlier.Value {
				problems = append(problems, fmt.Errorf("secrets[%d]: value repeats secrets[%d]", i, j))
			}
			if s.Name != "" && s.Name == earlier.Name {
				problems = append(problems, fmt.Errorf("secrets[%d]: name %q repeats secrets[%d]", i, s.Name, j))
			}
		}
	}
	return errors.Join(problems...)
}

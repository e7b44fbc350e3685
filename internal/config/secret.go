package config

import (
	"fmt"
	"io"
)

// Secret is a value that must not be seen: a password, a key, a shared secret.
// However it is printed or encoded, *** comes out; Reveal is the one way to
// the text.
type Secret string

const redacted = "***"

// Reveal returns the secret itself, for those who compute with it.
func (s Secret) Reveal() string { return string(s) }

// String returns *** for a secret and nothing for an empty one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format covers every verb of package fmt, %#v and %x among them.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText covers JSON and every other encoder that takes text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML covers YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

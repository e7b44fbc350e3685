package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that is always written with its unit, so that
// 600 can be neither seconds to one reader nor nanoseconds to another.
type Duration time.Duration

var errNoUnit = errors.New("needs a unit, such as 600s, 10m or 24h")

// ParseDuration reads a duration with its unit.
func ParseDuration(text string) (Duration, error) {
	if strings.Trim(text, "+-.0123456789") == "" {
		return 0, errNoUnit
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("must be a duration with its unit, such as 600s, 10m or 24h")
	}
	return Duration(d), nil
}

// Std returns the duration for package time.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes whole seconds as such, as the RFCs do (600s, not 10m0s).
func (d Duration) String() string {
	if std := d.Std(); std%time.Second == 0 {
		return fmt.Sprintf("%ds", std/time.Second)
	}
	return d.Std().String()
}

// MarshalText writes what ParseDuration reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// MarshalYAML writes what ParseDuration reads.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

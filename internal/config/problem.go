package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Path names the key, as in auth.users[1].name; empty when the problem
	// is the text as a whole.
	Path string
	// Value is what was found, printable; a secret shows as ***.
	Value string
	// Origin is where it was found, if it stands anywhere.
	Origin Origin
	// Rule says what is asked for.
	Rule string
}

// Error returns the problem on one line.
func (p Problem) Error() string {
	var b strings.Builder
	if place := p.Origin.place(); place != "" {
		b.WriteString(place + ": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path)
		if p.Value != "" {
			b.WriteString(" = " + p.Value)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Rule)
	return b.String()
}

// Problems is everything that is wrong with a configuration. It is the error of
// Read, Load and Validate.
type Problems []Problem

// Error returns one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// orNil keeps an empty list from being a non-nil error.
func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// printable writes a value into a problem.
func printable(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprint(v)
	}
}

// Warning is something allowed that is probably not meant.
type Warning struct {
	Path string
	Text string
}

// String returns the warning on one line.
func (w Warning) String() string {
	if w.Path == "" {
		return w.Text
	}
	return w.Path + ": " + w.Text
}

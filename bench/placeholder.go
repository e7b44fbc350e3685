package bench

import (
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The long-term credential of every measurement.
const (
	benchUser     = "bench"
	benchPassword = "bench-password"
	benchRealm    = "bench.test"
)

// The ports of every server; each has addresses of its own.
const (
	listenPort = 3478
	minPort    = 10000
	maxPort    = 65535
)

// setting is what one server is started with.
type setting struct {
	listen     netip.Addr // address that clients talk to
	relay      netip.Addr // address that peers see
	directory  string     // scratch directory of this server
	executable string     // the running binary
	transport  Transport  // of the clients
}

// placeholders maps the names that a command may use to their values.
func (s setting) placeholders() map[string]string {
	return map[string]string{
		"listen":     s.listen.String(),
		"port":       strconv.Itoa(listenPort),
		"relay":      s.relay.String(),
		"min_port":   strconv.Itoa(minPort),
		"max_port":   strconv.Itoa(maxPort),
		"user":       benchUser,
		"password":   benchPassword,
		"realm":      benchRealm,
		"directory":  s.directory,
		"executable": s.executable,

		"certificate": s.certificate(),
		"key":         s.key(),
	}
}

// certificate and key are PEM files, which are there if the clients use TLS.
func (s setting) certificate() string { return filepath.Join(s.directory, "certificate.pem") }
func (s setting) key() string         { return filepath.Join(s.directory, "key.pem") }

// Placeholders lists the names that a server's command may use, in braces.
func Placeholders() []string {
	return slices.Sorted(maps.Keys(setting{}.placeholders()))
}

// placeholder is a name in braces, as in {min_port}. Other braces, as those of
// YAML and of the shell's ${variables}, are left alone.
var placeholder = regexp.MustCompile(`\$?\{[a-z_]+\}`)

// expand puts the values in. A name that does not exist is an error.
func (s setting) expand(text string) (string, error) {
	values := s.placeholders()
	var unknown []string
	expanded := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, "$") {
			return match
		}
		value, ok := values[match[1:len(match)-1]]
		if !ok {
			unknown = append(unknown, match)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("unknown placeholder %s; there are {%s}",
			strings.Join(unknown, ", "), strings.Join(Placeholders(), "}, {"))
	}
	return expanded, nil
}

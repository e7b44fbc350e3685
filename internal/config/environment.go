package config

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// FileVariable names the configuration file when the command line does not.
const FileVariable = envPrefix + "CONFIG"

// serviceVariable is what Kubernetes and Docker links put into the environment
// of a container for a service that happens to be called fairlead-something.
var serviceVariable = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$`)

// variable returns the value of a key's variable. An empty variable counts as
// none, as compose files and charts pass on what is not set.
func variable(key Key) (string, bool) {
	value := os.Getenv(key.Variable)
	return value, value != ""
}

// unusedVariables lists the FAIRLEAD_* variables that set nothing, each with
// the name that was probably meant.
func unusedVariables(keys []Key) []string {
	var known, unused []string
	for _, key := range keys {
		known = append(known, key.Variable)
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(name, envPrefix), value == "", name == FileVariable, slices.Contains(known, name), serviceVariable.MatchString(name):
			continue
		}
		text := fmt.Sprintf("the environment variable %s sets no key", name)
		if near := nearestVariable(name, known); near != "" {
			text += "; did you mean " + near + "?"
		}
		unused = append(unused, text)
	}
	slices.Sort(unused)
	return unused
}

func nearestVariable(name string, known []string) string {
	lower := make([]string, len(known))
	for i, each := range known {
		lower[i] = strings.ToLower(strings.TrimPrefix(each, envPrefix))
	}
	near, _ := nearest(strings.TrimPrefix(name, envPrefix), lower)
	if near == "" {
		return ""
	}
	return envPrefix + strings.ToUpper(near)
}

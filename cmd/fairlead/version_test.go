package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.modified", Value: modified}}
	}
	for _, test := range []struct {
		name, version string
		info          debug.BuildInfo
		want          string
	}{
		{"by make", "v1.2.3", debug.BuildInfo{Settings: vcs("false")}, "fairlead v1.2.3 (commit abc123, go"},
		{"with changes", "v1.2.3", debug.BuildInfo{Settings: vcs("true")}, "fairlead v1.2.3 (commit abc123 and local changes, go"},
		{"by go install", "devel", debug.BuildInfo{Main: debug.Module{Version: "v1.4.0"}}, "fairlead v1.4.0 (commit unknown, go"},
		{"by go build", "devel", debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "fairlead devel (commit unknown, go"},
	} {
		if got := describe(test.version, &test.info); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %q, want it to start with %q", test.name, got, test.want)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/bench"
)

func TestBenchRefuses(t *testing.T) {
	tests := map[string]struct {
		args      []string
		complaint string
	}{
		"a cell that is none":      {[]string{"closedloop", "--cells", "up/F=1"}, "not of the form"},
		"no cell":                  {[]string{"closedloop", "--cells", ""}, "no cells"},
		"no time":                  {[]string{"closedloop", "--time", "1ms"}, "too short"},
		"more than a frame":        {[]string{"closedloop", "--payload", "9000"}, "payload of 9000"},
		"coturn that is not there": {[]string{"compare", "--coturn", "/nowhere/turnserver"}, "--coturn PATH"},
		"a listener that is none":  {[]string{"pion-server", "--listen", "nowhere"}, "nowhere"},
		"a transport that is none": {[]string{"closedloop", "--client-transport", "sctp"}, "sctp"},
		"an argument":              {[]string{"closedloop", "turnserver"}, "turnserver"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := newBenchCommand()
			cmd.SetArgs(tt.args)
			cmd.SetOut(&bytes.Buffer{})
			cmd.SetErr(&bytes.Buffer{})
			if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), tt.complaint) {
				t.Errorf("fairlead bench %s: got %v, want an error with %q", strings.Join(tt.args, " "), err, tt.complaint)
			}
		})
	}
}

func TestBenchHelpNamesThePlaceholders(t *testing.T) {
	cmd := newBenchCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"closedloop", "--help"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, name := range bench.Placeholders() {
		if !strings.Contains(out.String(), "{"+name+"}") {
			t.Errorf("help does not name {%s}", name)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.json")
	if err := writeJSON(name, &bench.Report{PayloadBytes: 172}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var got bench.Report
	if err := json.Unmarshal(text, &got); err != nil || got.PayloadBytes != 172 {
		t.Errorf("report in the file: got %+v (error %v), want 172 bytes of payload", got, err)
	}
	if err := writeJSON("", &bench.Report{}); err != nil {
		t.Errorf("without a name: got %v, want nil", err)
	}
	if err := writeJSON(filepath.Join(name, "below a file"), &bench.Report{}); err == nil {
		t.Error("below a file: got nil, want an error")
	}
}

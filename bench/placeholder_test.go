package bench

import (
	"net/netip"
	"strings"
	"testing"
)

var testSetting = setting{
	listen:     netip.MustParseAddr("10.1.0.11"),
	relay:      netip.MustParseAddr("10.2.0.11"),
	directory:  "/scratch/0",
	executable: "/usr/bin/fairlead",
}

func TestExpand(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing to do":     {"turnserver -n", "turnserver -n"},
		"addresses":         {"-L {listen} -p {port} -E {relay}", "-L 10.1.0.11 -p 3478 -E 10.2.0.11"},
		"side by side":      {"{min_port}-{max_port}", "10000-65535"},
		"twice":             {"{port} {port}", "3478 3478"},
		"credential":        {"-u {user}:{password} -r {realm}", "-u bench:bench-password -r bench.test"},
		"paths":             {"{executable} -c {directory}/x", "/usr/bin/fairlead -c /scratch/0/x"},
		"shell variables":   {"${port} $(date) {port}", "${port} $(date) 3478"},
		"braces of YAML":    {`{address: "{listen}"}, {}`, `{address: "10.1.0.11"}, {}`},
		"capitals are text": {"{PORT}", "{PORT}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := testSetting.expand(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("expand %q: got %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestExpandNamesWhatItDoesNotKnow(t *testing.T) {
	_, err := testSetting.expand("{port} {prot} {lisen}")
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"{prot}", "{lisen}", "{port}", "{min_port}"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not contain %s", err, want)
		}
	}
}

func TestSpecsExpand(t *testing.T) {
	specs := []Spec{Pion(), {Command: coturnCommand + coturnFastSwitches}}
	for _, transport := range []Transport{UDP, TCP, TLS, DTLS} {
		specs = append(specs, Fairlead("v1", transport), Spec{Command: coturnCommand + coturnSwitches[transport]})
	}
	for _, spec := range specs {
		texts := []string{spec.Command}
		for _, text := range spec.Files {
			texts = append(texts, text)
		}
		for _, text := range texts {
			if got, err := testSetting.expand(text); err != nil || strings.ContainsAny(got, "{}") {
				t.Errorf("expand %q: got %q, error %v", text, got, err)
			}
		}
	}
}

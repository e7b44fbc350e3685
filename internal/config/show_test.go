package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
)

func TestWriteYAMLShowsOrigins(t *testing.T) {
	t.Setenv("FAIRLEAD_WORKERS", "3")
	name := file(t, credentials+"peers:\n  deny: [\"10.0.0.0/8\"]\n")
	c, err := config.Read(config.Options{File: name, Set: []string{"log.level=debug"}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"  secrets: # file " + name + ":3\n    - value: \"***\"\n",
		"  deny: # file " + name + ":6\n    - \"10.0.0.0/8\"\n",
		"workers: 3 # env FAIRLEAD_WORKERS\n",
		"  level: \"debug\" # flag --set log.level\n",
		"  min_port: 49152 # default\n",
		"  max_lifetime: 3600s # default\n",
		"  users: [] # default\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwant a line %q", out.String(), want)
		}
	}
}

func TestWriteYAMLReadsBack(t *testing.T) {
	c := read(t, `
listeners: [{address: "192.0.2.1:3478", transport: udp}]
public_host: "yes"
auth:
  realm: "with # and : and \" and \u00e9"
peers: {allow: ["::1", "10.0.0.0/8 port 1-5"]}
`)
	var out bytes.Buffer
	if err := c.WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, read(t, out.String()), ignoreOrigins); diff != "" {
		t.Errorf("configuration differs after writing and reading (-want +got):\n%s", diff)
	}
}

func TestWriteYAMLNamesEveryKey(t *testing.T) {
	var out bytes.Buffer
	if err := config.Defaults().WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	for _, key := range config.Keys() {
		name := key.Path[strings.LastIndexByte(key.Path, '.')+1:]
		if !strings.Contains(out.String(), name+":") {
			t.Errorf("%s is missing in\n%s", key.Path, out.String())
		}
	}
}

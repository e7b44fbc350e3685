package config

import (
	"io"
	"os"
	"strings"
	"testing"
)

// FuzzDecode takes any text as a file and as the value of any key. Nothing may
// panic; each problem is one line; what passes Validate converts.
func FuzzDecode(f *testing.F) {
	reference, err := os.ReadFile("../../configs/fairlead.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(reference), uint8(0), "3")
	f.Add("auth: {users: [{name: \"a\", password: \"b\"}]}", uint8(1), "[{address: \"[::]:1\", transport: udp}]")
	f.Add("a: &a [*a]", uint8(30), "600")
	f.Add("peers: {allow: [\"::ffff:10.0.0.0/104\"]}", uint8(33), "10.0.0.0/8 port 1-5, ::1")
	f.Add("auth: {secrets: [{value: \"x\"}], anonymous: true}\nlog:\n", uint8(12), "1h")
	f.Fuzz(func(t *testing.T, text string, key uint8, value string) {
		r := newReader(Options{File: "fuzz.yaml"})
		r.document = parseDocument(r.file, []byte(text))
		r.problems = r.document.problems
		r.flags[r.keys[int(key)%len(r.keys)].Path] = value
		c := r.decode()
		if len(r.problems) == 0 {
			if err := c.Validate(); err != nil {
				r.problems = err.(Problems)
			}
		}
		for _, problem := range r.problems {
			if strings.Contains(problem.Error(), "\n") {
				t.Errorf("a problem has several lines: %q", problem.Error())
			}
		}
		if err := c.WriteYAML(io.Discard); err != nil {
			t.Errorf("write: %v", err)
		}
		if len(r.problems) > 0 {
			return
		}
		c.Warnings()
		c.AuthnConfig()
		c.PeerRules()
		c.ListenerAddresses()
		c.MonitoringAddress()
		for _, address := range c.Relay.Addresses {
			address.Local()
			address.External()
		}
	})
}

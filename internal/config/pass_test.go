package config_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/relay"
)

// What a listener passes on, and that no relay reaches the backend.
func TestPass(t *testing.T) {
	c, _, err := config.Load(config.Options{File: file(t, credentials+`
listeners:
  - {address: "0.0.0.0:3478", transport: tcp}
  - {address: "0.0.0.0:443", transport: tcp, pass_to: "127.0.0.1:8443", pass_server_names: ["WWW.Example.org."], pass_proxy_protocol: true}
`)})
	if err != nil {
		t.Fatal(err)
	}
	backend := netip.MustParseAddrPort("127.0.0.1:8443")
	want := &relay.Pass{To: backend, ServerNames: []string{"www.example.org"}, HasHeader: true}
	if diff := cmp.Diff(want, c.Listeners[1].Pass(), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" || c.Listeners[0].Pass() != nil {
		t.Errorf("got %v for a listener without a backend, pass differs (-want +got):\n%s", c.Listeners[0].Pass(), diff)
	}
	if !slices.Contains(c.ProtectedAddresses(), backend) {
		t.Errorf("protected: got %v, want the backend among them", c.ProtectedAddresses())
	}
}

func TestMistakesInPass(t *testing.T) {
	_, _, err := config.Load(config.Options{File: file(t, credentials+`
listeners:
  - {address: "0.0.0.0:3478", transport: udp, pass_to: "127.0.0.1:8443"}
  - {address: "0.0.0.0:443", transport: tcp, pass_to: "127.0.0.1:443"}
  - {address: "192.0.2.1:5349", transport: tls, pass_to: "192.0.2.1:5349"}
  - {address: "192.0.2.1:80", transport: tcp, pass_to: "www.example.org:80"}
  - {address: "192.0.2.1:81", transport: tcp, pass_server_names: ["a.example"], pass_proxy_protocol: true}
  - {address: "192.0.2.1:82", transport: tcp, pass_to: "127.0.0.1:3478", pass_server_names: ["*.example", "taken.example", "192.0.2.9"]}
tls: {certificates: [{certificate_file: "a.crt", key_file: "a.key"}]}
realms: [{name: "example.net", server_names: ["Taken.example"], secrets: [{value: "0123456789abcdef"}]}]
`)})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"listeners[0].pass_to", "listeners[1].pass_to", "listeners[2].pass_to", "listeners[3].pass_to",
		"listeners[4].pass_server_names", "listeners[4].pass_proxy_protocol",
		"listeners[5].pass_server_names[0]", "listeners[5].pass_server_names[1]", "listeners[5].pass_server_names[2]",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got no problem %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "listeners[5].pass_to") {
		t.Errorf("got a problem with a backend of its own in\n%v", err)
	}
}

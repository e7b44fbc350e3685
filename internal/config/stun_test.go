package config_test

import (
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/config"
)

func TestSTUNSwitches(t *testing.T) {
	discovery := `nat_discovery: {enabled: true, addresses: ["192.0.2.1", "192.0.2.2"]}`
	for _, test := range []struct{ name, text, want string }{
		{"both", `stun: {only: true, binding: false}`, `stun.binding = false: leaves nothing to serve beside stun.only: true; take one of them away`},
		{"discovery without requests", credentials + "stun: {binding: false}\n" + discovery, `stun.binding = false: takes NAT behaviour discovery its requests; set nat_discovery.enabled: false`},
		{"TCP relaying for nobody", "stun: {only: true}\ntcp_relay: {enabled: true}", `tcp_relay.enabled = true: counts for nothing with stun.only: true; set it to false`},
		{
			"credentials for nobody",
			credentials + "stun: {only: true}\n" + `credential_endpoint: {address: "127.0.0.1:8787", keys: [{name: "a", key: "an API key of an application"}]}`,
			`credential_endpoint.address = "127.0.0.1:8787": hands out credentials that are good for nothing with stun.only: true; set it to "off"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(problems(t, test.text), "\n"); !strings.Contains(got, test.want) {
				t.Errorf("got problems\n%s\nwant one with\n%s", got, test.want)
			}
		})
	}
	// Discovery is STUN, and nobody needs credentials for it.
	c := read(t, "stun: {only: true}\n"+discovery)
	if warnings := c.Warnings(); len(warnings) > 0 {
		t.Errorf("got warnings %v, want none", warnings)
	}
	if _, changes := config.Reload(read(t, credentials), c); !strings.Contains(strings.Join(changes.Live, " "), "stun.only") {
		t.Errorf("got live changes %v, want stun.only among them", changes.Live)
	}
}

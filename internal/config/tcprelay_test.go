package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/config"
)

func TestTCPRelayConfig(t *testing.T) {
	cfg, on := read(t, "").TCPRelayConfig()
	if on || cfg.ConnectTimeout != 30*time.Second || cfg.BindTimeout != 30*time.Second {
		t.Errorf("by default: got %+v, %v, want the times of RFC 6062, off", cfg, on)
	}
	cfg, on = read(t, "", "tcp_relay.enabled=true", "tcp_relay.bind_timeout=5s", "tcp_relay.max_unbound=7", "tcp_relay.max_unbound_per_client=3").TCPRelayConfig()
	if !on || cfg.BindTimeout != 5*time.Second || cfg.MaxUnbound != 7 || cfg.MaxUnboundPerClient != 3 {
		t.Errorf("got %+v, %v, want what is configured", cfg, on)
	}
}

// TCP is relayed for clients on TCP and TLS, so there should be a listener for them.
func TestTCPRelayWithoutListener(t *testing.T) {
	for listener, want := range map[string]bool{"udp": true, "tcp": false} {
		_, warnings, err := config.Load(config.Options{File: file(t, credentials), Set: []string{
			"tcp_relay.enabled=true", `listeners=[{address: "192.0.2.1:3478", transport: ` + listener + `}]`,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(fmt.Sprint(warnings), "tcp_relay.enabled: counts only with a listener"); got != want {
			t.Errorf("%s: got warnings %v, want one: %v", listener, warnings, want)
		}
	}
}

package main

import (
	"fmt"
	"net"
	"testing"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/testnet"
)

// A server that does not start leaves no listener open, whichever address is taken.
func TestFailedStartLeavesNothingOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, failing := range []string{"monitoring.address", "credential_endpoint.address"} {
		addresses := map[string]string{}
		set := []string{
			"workers=1", "auth.realm=example.org", `auth.secrets=[{value: "0123456789abcdef"}]`,
			`credential_endpoint.keys=[{name: "a", key: "the key of the backend"}]`,
			fmt.Sprintf(`listeners=[{address: "127.0.0.1:%d", transport: tcp}]`, testnet.FreePort(t, "127.0.0.1")),
		}
		for _, key := range []string{"monitoring.address", "credential_endpoint.address"} {
			addresses[key] = fmt.Sprintf("127.0.0.1:%d", testnet.FreePort(t, "127.0.0.1"))
			if key == failing {
				addresses[key] = taken.Addr().String()
			}
			set = append(set, key+"="+addresses[key])
		}
		cfg, _, err := config.Load(config.Options{Set: set})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newInstance(cfg, zap.NewNop()); err == nil {
			t.Fatalf("%s in use: got a server, want an error", failing)
		}
		for key, address := range addresses {
			if key == failing {
				continue
			}
			listener, err := net.Listen("tcp", address)
			if err != nil {
				t.Errorf("%s in use: %s is still open: %v", failing, key, err)
				continue
			}
			listener.Close()
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/testnet"
)

// A server that is being emptied hands out credentials for another one that
// answers, and none for realms that only it has.
func TestEndpointWhileDraining(t *testing.T) {
	start := func(extra string) (i *instance, port uint16) {
		t.Helper()
		port = testnet.FreePort(t, "127.0.0.1")
		cfg, _, err := config.Load(config.Options{Set: []string{
			fmt.Sprintf(`listeners=[{address: "127.0.0.1:%d", transport: udp}]`, port),
			"workers=1", "monitoring.address=off", "auth.realm=example.org", `auth.secrets=[{value: "0123456789abcdef"}]`,
			`credential_endpoint.keys=[{name: "a", key: "the key of the backend"}, {name: "b", key: "the key of the partners", realm: "partners"}]`,
			fmt.Sprintf(`realms=[{name: "partners", listeners: ["127.0.0.1:%d"], secrets: [{value: "fedcba9876543210"}]}]`, port),
			"alternates.servers=" + extra,
		}})
		if err != nil {
			t.Fatal(err)
		}
		i, stop := serveConfig(t, cfg)
		t.Cleanup(stop)
		return i, port
	}
	_, other := start("[]")
	i, own := start(fmt.Sprintf(`[{address: "127.0.0.1:%d", transport: udp}]`, other))
	ask := func(key string) (status int, urls []string) {
		t.Helper()
		w := httptest.NewRecorder()
		i.credentials.ServeHTTP(w, httptest.NewRequest("GET", "/?key="+key, nil))
		var got struct{ URIs []string }
		if err := json.NewDecoder(w.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		return w.Code, got.URIs
	}
	want := func(when, key string, status int, urls ...string) {
		t.Helper()
		gotStatus, got := ask(key)
		if diff := cmp.Diff(urls, got); gotStatus != status || diff != "" {
			t.Errorf("%s, %s: got status %d, want %d, URLs differ (-want +got):\n%s", when, key, gotStatus, status, diff)
		}
	}
	url := func(port uint16) string { return fmt.Sprintf("turn:127.0.0.1:%d?transport=udp", port) }
	want("serving", "the+key+of+the+partners", 200, url(own))
	testnet.Await(t, time.Minute, func() bool { return len(i.others.Healthy()) == 1 }, "the other server has answered")
	i.isStopping.Store(true)
	want("draining", "the+key+of+the+backend", 200, url(other))
	want("draining", "the+key+of+the+partners", 503)
	i.others.SetServers(nil)
	want("draining alone", "the+key+of+the+backend", 503)
}

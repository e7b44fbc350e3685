//go:build soak

package e2e

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// hookAddress is where the service of startHook answers, on the relay's host.
var hookAddress = netip.MustParseAddrPort("127.0.0.1:8090")

// hook is a service that knows users, for a store of type http, and counts who it
// was asked about.
type hook struct{ asked atomic.Int64 }

// startHook runs a service that knows one user, until the test ends.
func startHook(t testing.TB, host *testnet.Namespace, known user) *hook {
	t.Helper()
	h := new(hook)
	service := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question struct{ Username string }
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if question.Username == "" { // whether it is there
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h.asked.Add(1)
		if question.Username != known.Name {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"password": known.Password})
	})}
	listener := host.ListenTCP(t, hookAddress)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = service.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = service.Close()
		<-ended
	})
	return h
}

// store is the service in the configuration of the server.
func (*hook) store() map[string]any {
	return map[string]any{
		"name": "hook", "type": "http", "url": "http://" + hookAddress.String(), "token": "a token for the hook",
		"cache_ttl": "10m", "cache_negative_ttl": "10m", "timeout": "5s",
	}
}

//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestRevokeByEndpoint: an application gets credentials for its users, takes those
// of one back, and by the answer their allocations are over; a server that is being
// emptied hands out none.
func TestRevokeByEndpoint(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Drain = map[string]any{"timeout": "60s"}
	s := startServer(t, n, c, "env",
		"FAIRLEAD_CREDENTIAL_ENDPOINT_ADDRESS=127.0.0.1:8787",
		`FAIRLEAD_CREDENTIAL_ENDPOINT_KEYS=[{name: "backend", key: "an API key of the backend"}, {name: "ban", key: "an API key that may revoke", may_revoke: true}]`)
	ask := func(path, key string, form url.Values) (status int, answer map[string]any) {
		t.Helper()
		request, err := http.NewRequest("POST", "http://127.0.0.1:8787"+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Authorization", "Bearer "+key)
		response, err := s.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, answer
	}
	clientOf := func(id string) *client {
		t.Helper()
		status, answer := ask("/", "an API key of the backend", url.Values{"username": {id}})
		if status != http.StatusOK {
			t.Fatalf("credential for %s: got status %d, want 200", id, status)
		}
		cl := newClientV4(t, n)
		cl.user = user{Name: answer["username"].(string), Password: answer["password"].(string)}
		cl.allocate(t)
		return cl
	}
	gina, henry := clientOf("gina"), clientOf("henry")
	if status, _ := ask("/revoke", "an API key of the backend", url.Values{"user": {"gina"}}); status != http.StatusForbidden {
		t.Errorf("a key without the right: got status %d, want 403", status)
	}
	if code := gina.refresh(t, 10*time.Minute); code != 0 {
		t.Errorf("before: got error %d, want success", code)
	}
	if status, _ := ask("/revoke", "an API key that may revoke", url.Values{"user": {"gina"}}); status != http.StatusCreated {
		t.Fatalf("revoke: got status %d, want 201", status)
	}
	if got := s.metric(t, "fairlead_allocations_ended_total", `cause="revoked"`); got != 1 {
		t.Errorf("allocations ended as revoked when the answer is there: got %v, want 1", got)
	}
	if code := gina.tryAllocate(t); code != 401 {
		t.Errorf("a new request of the user: got error %d, want 401", code)
	}
	if code := henry.refresh(t, 10*time.Minute); code != 0 {
		t.Errorf("another user: got error %d, want success", code)
	}
	testnet.Await(t, patience, func() bool { return len(s.logLines(`"api_key":"ban"`)) > 0 }, "the log tells of the revocation")
	if lines := s.logLines(`"api_key":"ban"`); len(lines) != 1 {
		t.Errorf("got %d lines of audit, want 1: %q", len(lines), lines)
	}

	s.Signal(t, syscall.SIGTERM)
	testnet.Await(t, patience, func() bool { return !s.ready() }, "the server is being emptied")
	if status, _ := ask("/", "an API key of the backend", url.Values{"username": {"ivy"}}); status != http.StatusServiceUnavailable {
		t.Errorf("while it is being emptied: got status %d, want 503", status)
	}
	henry.free(t)
	if code := s.Wait(t, patience); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	s.checkLog(t)
}

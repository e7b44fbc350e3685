package adminapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/adminapi"
)

const token = "0123456789abcdef-token"

// broken is a store that takes nothing.
type broken struct{}

func (broken) Load() ([]authn.Revocation, error) { return nil, nil }
func (broken) Save([]authn.Revocation) error     { return errors.New("disk full") }

// brokenBans likewise.
type brokenBans struct{}

func (brokenBans) Load() ([]access.Ban, error) { return nil, nil }
func (brokenBans) Save([]access.Ban) error     { return errors.New("disk full") }

// api is an API whose effects a test sees.
type api struct {
	handler http.Handler
	ended   int
	banned  int
	bans    *access.Bans
	logs    *observer.ObservedLogs
}

func newAPI(t *testing.T, store authn.RevocationStore) *api { return newAPIWith(t, store, nil) }

func newAPIWith(t *testing.T, store authn.RevocationStore, banStore access.BanStore) *api {
	t.Helper()
	list, err := authn.OpenRevocations(store)
	if err != nil {
		t.Fatal(err)
	}
	bans, err := access.OpenBans(banStore)
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	a := &api{logs: logs, bans: bans}
	a.handler = adminapi.Handler(adminapi.Config{
		Token:       token,
		Revocations: list,
		EndRevoked:  func(context.Context) error { a.ended++; return nil },
		Bans:        bans,
		EndBanned:   func(context.Context) error { a.banned++; return nil },
		MainRealm:   "example.org",
		HasRealm:    func(name string) bool { return strings.HasPrefix(name, "example.") },
		Log:         zap.New(core),
	})
	return a
}

// do sends a request with the token, unless headers say otherwise.
func (a *api) do(method, path, body string, headers ...string) (status int, answer string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Body)
	return w.Code, strings.TrimSpace(string(text))
}

func TestRevokeListLift(t *testing.T) {
	a := newAPI(t, nil)
	const entry = `{"id":"bbabae27817008c6","realm":"example.org","user":"alice","until":"2100-01-01T00:00:00Z"}`
	steps := []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"GET", "/v1/revocations", "", 200, `{"revocations":[],"survives_restart":false}`},
		{"POST", "/v1/revocations", `{"user":"alice","until":"2100-01-01T00:00:00Z"}`, 201, entry},
		{"GET", "/v1/revocations", "", 200, `{"revocations":[` + entry + `],"survives_restart":false}`},
		{"DELETE", "/v1/revocations/bbabae27817008c6", "", 204, ""},
		{"DELETE", "/v1/revocations/bbabae27817008c6", "", 404, `{"error":"there is no revocation of this id"}`},
	}
	for _, step := range steps {
		if status, answer := a.do(step.method, step.path, step.body); status != step.status || answer != step.answer {
			t.Errorf("%s %s: got %d %s, want %d %s", step.method, step.path, status, answer, step.status, step.answer)
		}
	}
	if a.ended != 1 {
		t.Errorf("got live allocations ended %d times, want once", a.ended)
	}
}

func TestBadRequests(t *testing.T) {
	for _, test := range []struct {
		name, body string
		headers    []string
		status     int
	}{
		{"no token", `{"user":"a"}`, []string{"Authorization", ""}, 401},
		{"another token", `{"user":"a"}`, []string{"Authorization", "Bearer " + token + "x"}, 401},
		{"a type that pages can send", `{"user":"a"}`, []string{"Content-Type", "text/plain"}, 415},
		{"no JSON", `user=a`, nil, 400},
		{"unknown field", `{"usr":"a"}`, nil, 400},
		{"no subject", `{}`, nil, 400},
		{"two subjects", `{"user":"a","secret":"b"}`, nil, 400},
		{"unknown realm", `{"user":"a","realm":"nowhere"}`, nil, 400},
		{"over already", `{"user":"a","until":"2001-01-01T00:00:00Z"}`, nil, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAPI(t, nil)
			status, answer := a.do("POST", "/v1/revocations", test.body, test.headers...)
			if status != test.status || !strings.HasPrefix(answer, `{"error":"`) {
				t.Errorf("got %d %s, want %d and what is wrong", status, answer, test.status)
			}
			if a.ended != 0 || strings.Contains(answer, token) {
				t.Errorf("got %d ends and %s, want no effect and no token", a.ended, answer)
			}
		})
	}
}

func TestRevocationThatIsNotSaved(t *testing.T) {
	a := newAPI(t, broken{})
	if status, answer := a.do("POST", "/v1/revocations", `{"user":"alice"}`); status != 500 || !strings.Contains(answer, "disk full") {
		t.Errorf("got %d %s, want 500 and why", status, answer)
	}
	if a.ended != 0 || a.logs.FilterLevelExact(zap.ErrorLevel).Len() != 1 {
		t.Errorf("got %d ends and %v, want no effect and one error logged", a.ended, a.logs.All())
	}
}

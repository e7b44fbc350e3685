package httphook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/httphook"
)

const (
	realm = "example.org"
	token = "hook-token-1"
)

// open starts a service and a hook that asks it.
func open(t *testing.T, serve http.HandlerFunc) *httphook.Hook {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	hook, err := httphook.Open(httphook.Config{URL: server.URL + "/turn?key=in-url", Token: token, Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hook.Close() })
	return hook
}

func TestAnswers(t *testing.T) {
	key, err := authn.LongTermKey("bob", realm, "builder")
	if err != nil {
		t.Fatal(err)
	}
	const md5 = "7da2270ccfa49786e0115366d3a3d14d"
	tests := []struct {
		name   string
		status int
		body   string
		want   error // nil: a user
		check  func(r authn.Record) bool
	}{
		{"password", 200, `{"password":"builder"}`, nil, func(r authn.Record) bool { return r.Key == key && r.ExpiresAt.IsZero() }},
		{"key", 200, `{"key_md5":"` + md5 + `","user":"id-7","expires_at":1893456000}`, nil, func(r authn.Record) bool {
			return r.User == "id-7" && r.ExpiresAt.Equal(time.Unix(1893456000, 0)) && r.Key.SHA256 == authn.Key{}.SHA256
		}},
		{"unknown", 404, ``, store.ErrNotFound, nil},
		{"both", 200, `{"password":"hunter2","key_md5":"` + md5 + `"}`, store.ErrRejected, nil},
		{"neither", 200, `{}`, store.ErrRejected, nil},
		{"bad key", 200, `{"key_md5":"hunter2"}`, store.ErrRejected, nil},
		{"bad identity", 200, `{"password":"hunter2","user":"a\r\nb"}`, store.ErrRejected, nil},
		{"not JSON", 200, `<html>hunter2`, store.ErrRejected, nil},
		{"too long", 200, `{"password":"` + strings.Repeat("x", 70<<10) + `"}`, store.ErrRejected, nil},
		{"cannot bear this name", 500, `hunter2`, store.ErrRejected, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hook := open(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			record, err := hook.User(t.Context(), realm, "bob")
			switch {
			case tt.want == nil && (err != nil || !tt.check(record)):
				t.Errorf("got %v, want another record", err)
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("got %v, want %v", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error shows the answer: %v", err)
			}
		})
	}
}

// TestQuestion: names arrive as they are, whatever is in them, with the token.
func TestQuestion(t *testing.T) {
	var got struct{ Realm, Username string }
	hook := open(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s with %v", r.Method, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusNotFound)
	})
	for _, name := range []string{`"},{"`, `a/../b`, "*", "%s", "<b>", "bob"} {
		if _, err := hook.User(t.Context(), realm, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", name, err)
		}
		if got.Username != name || got.Realm != realm {
			t.Errorf("asked for %q, the service got %+v", name, got)
		}
	}
}

// TestFailures are those of the service, not of a user; none shows the URL or
// the token.
func TestFailures(t *testing.T) {
	elsewhere := open(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	for _, status := range []int{301, 401, 403, 502, 503} {
		hook := open(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://"+elsewhere.Addresses()[0]+"/")
			w.WriteHeader(status)
		})
		_, err := hook.User(t.Context(), realm, "bob")
		if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRejected) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("status %d: got %v, want a failure that names it", status, err)
		}
		if hook.Ping(t.Context()) == nil {
			t.Errorf("status %d: the ping went well", status)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	hook, err := httphook.Open(httphook.Config{URL: gone.URL + "/?key=in-url", Token: token, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	_, err = hook.User(t.Context(), realm, "bob")
	if err == nil || strings.Contains(err.Error(), "in-url") || strings.Contains(err.Error(), token) {
		t.Errorf("service gone: got %v, want an error without URL and token", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, text := range []string{"", "ftp://h/", "http://", "u:hunter2@host", "http://h:\x7f/"} {
		if _, err := httphook.Open(httphook.Config{URL: text}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want an error without the text", text, err)
		}
	}
}

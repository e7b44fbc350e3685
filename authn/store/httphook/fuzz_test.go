package httphook_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/httphook"
)

// FuzzAnswer: whatever a service answers about a user with 200, it is a user with a
// key, or an answer about that user alone; the error quotes nothing of it.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"password":"builder"}`, `{"key_md5":"7da2270ccfa49786e0115366d3a3d14d","key_sha256":"","user":"id-7","expires_at":1893456000}`,
		`{"key_md5":"7da2270ccfa49786e0115366d3a3d14d","key_sha256":"` + strings.Repeat("ab", 32) + `"}`,
		``, `null`, `[]`, `{}`, `{"password":1}`, `{"password":"\u0000"}`, `{"expires_at":-1,"password":"x"}`, `{"expires_at":1e400}`, "\xff",
	} {
		f.Add([]byte(body))
	}
	var body []byte // of the answer to the one question that is under way
	service := func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, nil
	}
	hook := newHookOn(f, roundTripper(service))
	f.Fuzz(func(t *testing.T, answer []byte) {
		body = answer
		record, err := hook.User(t.Context(), realm, "bob")
		switch {
		case err == nil:
			if record.Key == (authn.Key{}) || record.ExpiresAt.Unix() < 0 && !record.ExpiresAt.IsZero() {
				t.Errorf("%q: got a user without a key, or one from before 1970", answer)
			}
		case !errors.Is(err, store.ErrRejected):
			t.Errorf("%q: got error %v, want one about this user alone", answer, err)
		case record != (authn.Record{}):
			t.Errorf("%q: got a record beside an error", answer)
		default:
			if s := string(answer); len(s) > 20 && strings.Contains(err.Error(), s) {
				t.Errorf("error %q quotes the answer", err)
			}
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newHookOn is a hook whose questions go to a function.
func newHookOn(t testing.TB, transport http.RoundTripper) *httphook.Hook {
	t.Helper()
	hook, err := httphook.Open(httphook.Config{URL: "http://127.0.0.1:1/turn", Token: token, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	hook.SetTransport(transport)
	return hook
}

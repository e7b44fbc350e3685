package credentials_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/credentials"
)

const (
	secret  = "a shared secret"
	acmeKey = "acme-0123456789abcdef"
)

var urls = []string{"turn:turn.example.org:3478?transport=udp", "turn:turn.example.org:3478?transport=tcp", "turns:turn.example.org:5349?transport=tcp"}

func newEndpoint(change ...func(*credentials.Config)) *credentials.Endpoint {
	cfg := credentials.Config{
		Keys: []credentials.Key{
			{
				Name: "other", Value: "other-0123456789abcdef", MaxTimeToLive: time.Hour, RequestsPerSecond: 1000,
				Issuer: credentials.Issuer{Realm: "example.net", Secret: "another secret"},
			},
			{
				Name: "acme", Value: acmeKey, MaxTimeToLive: 24 * time.Hour, RequestsPerSecond: 2,
				Issuer: credentials.Issuer{Realm: "example.org", Secret: secret, MaxTimeToLive: 12 * time.Hour},
			},
		},
		URLs: func(realm string) []string {
			if realm == "example.org" {
				return urls
			}
			return []string{"turn:turn.example.net:3478?transport=udp"}
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	return credentials.New(cfg)
}

// ask sends a request; a body makes it a POST of that type.
func ask(e http.Handler, target, kind, body string, headers ...string) *http.Response {
	method := http.MethodGet
	if kind != "" {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

// TestShapes holds every format to the bytes that its clients expect. Time
// starts at midnight of 2000-01-01 in a bubble.
func TestShapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const username = "946728000:alice" // noon of that day
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write([]byte(username))
		password := base64.StdEncoding.EncodeToString(mac.Sum(nil))
		auth := fmt.Sprintf(`"username":%q,"credential":%q`, username, password)
		for _, test := range []struct {
			format string
			status int
			want   string
		}{
			{"", 200, `{"username":"` + username + `","password":"` + password + `","ttl":43200,"uris":["` + strings.Join(urls, `","`) + `"]}`},
			{"draft", 200, `{"username":"` + username + `","password":"` + password + `","ttl":43200,"uris":["` + strings.Join(urls, `","`) + `"]}`},
			{"ice_servers", 200, `{"iceServers":[{"urls":["` + strings.Join(urls, `","`) + `"],` + auth + `}]}`},
			{"array", 200, `[{"urls":"stun:turn.example.org:3478"},{"urls":"` + urls[0] + `",` + auth + `},{"urls":"` + urls[1] + `",` + auth + `},{"urls":"` + urls[2] + `",` + auth + `}]`},
			{"twilio", 201, `{"username":"` + username + `","password":"` + password + `","ttl":"43200","account_sid":"acme",` +
				`"date_created":"Sat, 01 Jan 2000 00:00:00 +0000","date_updated":"Sat, 01 Jan 2000 00:00:00 +0000","ice_servers":[` +
				`{"url":"stun:turn.example.org:3478","urls":"stun:turn.example.org:3478"},` +
				`{"url":"` + urls[0] + `","urls":"` + urls[0] + `",` + auth + `},{"url":"` + urls[1] + `","urls":"` + urls[1] + `",` + auth + `},{"url":"` + urls[2] + `","urls":"` + urls[2] + `",` + auth + `}]}`},
		} {
			answer := ask(newEndpoint(), "/?service=turn&username=alice&key="+acmeKey+"&format="+test.format, "", "")
			if diff := cmp.Diff(test.want, text(t, answer)); diff != "" || answer.StatusCode != test.status {
				t.Errorf("%s: got status %d, want %d; body differs (-want +got):\n%s", test.format, answer.StatusCode, test.status, diff)
			}
			for name, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "Access-Control-Allow-Origin": ""} {
				if got := answer.Header.Get(name); got != want {
					t.Errorf("%s: got %s %q, want %q", test.format, name, got, want)
				}
			}
		}
	})
}

// The key and the wishes come by URL, form, JSON or header.
func TestWaysToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			name, target, kind, body string
			headers                  []string
			want                     string
		}{
			{"key in the URL", "/?username=alice&ttl=60&key=" + acmeKey, "", "", nil, "946684860:alice"},
			{"api in the URL", "/?username=alice&ttl=60&api=" + acmeKey, "", "", nil, "946684860:alice"},
			{"bearer", "/?username=alice&ttl=60", "", "", []string{"Authorization", "Bearer " + acmeKey}, "946684860:alice"},
			{"form, as Janus sends it", "/", "application/x-www-form-urlencoded", "service=turn&username=alice&ttl=60&key=" + acmeKey + "&api=" + acmeKey, nil, "946684860:alice"},
			{"form of Twilio", "/?format=draft", "application/x-www-form-urlencoded", "Ttl=60&key=" + acmeKey, nil, "946684860"},
			{"JSON", "/", "application/json; charset=utf-8", `{"username":"alice","ttl":60,"key":"` + acmeKey + `"}`, nil, "946684860:alice"},
			{"no user", "/?ttl=60&key=" + acmeKey, "", "", nil, "946684860"},
			{"longer than the server accepts", "/?ttl=9999999&key=" + acmeKey, "", "", nil, "946728000"},
			{"nothing but another key", "/?key=other-0123456789abcdef", "", "", nil, "946688400"},
		} {
			answer := ask(newEndpoint(), test.target, test.kind, test.body, test.headers...)
			if body := text(t, answer); answer.StatusCode != 200 || !strings.Contains(body, `"username":"`+test.want+`"`) {
				t.Errorf("%s: got %d %s, want username %s", test.name, answer.StatusCode, body, test.want)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name, target, kind, body string
		status                   int
	}{
		{"no key", "/?username=alice", "", "", 401},
		{"wrong key", "/?key=" + acmeKey + "x", "", "", 401},
		{"empty key", "/?key=", "", "", 401},
		{"wrong key beside nonsense", "/?key=x&ttl=y", "", "", 401},
		{"another service", "/?service=stun&key=" + acmeKey, "", "", 400},
		{"no number", "/?ttl=1h&key=" + acmeKey, "", "", 400},
		{"no time", "/?ttl=0&key=" + acmeKey, "", "", 400},
		{"unknown format", "/?format=xml&key=" + acmeKey, "", "", 400},
		{"user of control characters", "/?username=a%0Ab&key=" + acmeKey, "", "", 400},
		{"long user", "/?username=" + strings.Repeat("x", 257) + "&key=" + acmeKey, "", "", 400},
		{"bad JSON", "/?key=" + acmeKey, "application/json", "[", 400},
		{"another path", "/admin?key=" + acmeKey, "", "", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEndpoint()
			answer := ask(e, test.target, test.kind, test.body)
			body := text(t, answer)
			if answer.StatusCode != test.status || !strings.HasPrefix(body, `{"error":"`) {
				t.Errorf("got %d %s, want %d and what is wrong", answer.StatusCode, body, test.status)
			}
			if strings.Contains(body, acmeKey) || strings.Contains(body, secret) {
				t.Errorf("got a secret in %s", body)
			}
			var refused uint64
			for _, n := range e.Stats().Refused {
				refused += n
			}
			if refused != 1 || len(e.Stats().Issued) != 0 {
				t.Errorf("got counts %+v, want one refusal", e.Stats())
			}
		})
	}
}

// A key that asks too often waits, and nobody else does; a reload does not fill
// its rate up.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := credentials.Config{
			Keys: []credentials.Key{
				{Name: "slow", Value: "slow-key", RequestsPerSecond: 2, MaxTimeToLive: time.Hour, Issuer: credentials.Issuer{Realm: "r", Secret: secret}},
				{Name: "fast", Value: "fast-key", RequestsPerSecond: 1000, MaxTimeToLive: time.Hour, Issuer: credentials.Issuer{Realm: "r", Secret: secret}},
			},
			URLs: func(string) []string { return urls },
		}
		e := credentials.New(cfg)
		want := func(key string, status int) {
			t.Helper()
			if got := ask(e, "/?key="+key, "", ""); got.StatusCode != status || (status == 429) != (got.Header.Get("Retry-After") == "1") {
				t.Errorf("%s: got %d %v, want %d", key, got.StatusCode, got.Header, status)
			}
		}
		want("slow-key", 200)
		want("slow-key", 200)
		want("slow-key", 429)
		want("fast-key", 200)
		e.Apply(cfg)
		want("slow-key", 429)
		time.Sleep(500 * time.Millisecond)
		want("slow-key", 200)
		want("slow-key", 429)
		cfg.Keys = cfg.Keys[1:]
		e.Apply(cfg)
		want("slow-key", 401)
		if diff := cmp.Diff(map[string]uint64{"slow": 3, "fast": 1}, e.Stats().Issued); diff != "" {
			t.Errorf("issued differs (-want +got):\n%s", diff)
		}
	})
}

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		allowed      []string
		origin, want string
	}{
		{nil, "https://app.example.org", ""},
		{[]string{"https://app.example.org"}, "https://app.example.org", "https://app.example.org"},
		{[]string{"https://app.example.org"}, "https://evil.example", ""},
		{[]string{"https://app.example.org"}, "", ""},
		{[]string{"*"}, "https://evil.example", "*"},
	} {
		e := newEndpoint(func(c *credentials.Config) { c.Origins = test.allowed })
		r := httptest.NewRequest(http.MethodOptions, "/", nil)
		r.Header.Set("Origin", test.origin)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != 204 || w.Header().Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
			t.Errorf("preflight: got %d %v, want 204 and the headers that may be sent", w.Code, w.Header())
		}
		answer := ask(e, "/?key="+acmeKey, "", "", "Origin", test.origin)
		for _, header := range []http.Header{w.Header(), answer.Header} {
			if got := header.Get("Access-Control-Allow-Origin"); got != test.want {
				t.Errorf("%v, %q: got %q, want %q", test.allowed, test.origin, got, test.want)
			}
		}
	}
}

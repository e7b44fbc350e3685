package adminapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/adminapi"
)

func TestBanListLift(t *testing.T) {
	a := newAPI(t, nil)
	until := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Second).Format(time.RFC3339)
	entry := `{"id":"e336915ff179f536","prefix":"192.0.2.0/24","until":"` + until + `"}`
	steps := []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"GET", "/v1/bans", "", 200, `{"bans":[],"survives_restart":false}`},
		{"POST", "/v1/bans", `{"prefix":"::ffff:192.0.2.0/120","until":"` + until + `"}`, 201, entry},
		{"GET", "/v1/bans", "", 200, `{"bans":[` + entry + `],"survives_restart":false}`},
		{"DELETE", "/v1/bans/e336915ff179f536", "", 204, ""},
		{"DELETE", "/v1/bans/e336915ff179f536", "", 404, `{"error":"there is no ban of this id"}`},
	}
	for _, step := range steps {
		if status, answer := a.do(step.method, step.path, step.body); status != step.status || answer != step.answer {
			t.Errorf("%s %s: got %d %s, want %d %s", step.method, step.path, status, answer, step.status, step.answer)
		}
	}
	if a.banned != 1 || a.ended != 0 {
		t.Errorf("got %d ends of banned and %d of revoked, want the first once", a.banned, a.ended)
	}
}

func TestHowLongABanLasts(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"prefix":"192.0.2.7"}`:                access.DefaultBanTime,
		`{"prefix":"192.0.2.7","for":"45m"}`:    45 * time.Minute,
		`{"prefix":"2001:db8::7","for":"720h"}`: access.MaxBanTime,
	} {
		a := newAPI(t, nil)
		before := time.Now()
		status, text := a.do("POST", "/v1/bans", body)
		var ban adminapi.Ban
		if err := json.Unmarshal([]byte(text), &ban); err != nil || status != 201 {
			t.Fatalf("%s: got %d %s, %v, want 201 and the entry", body, status, text, err)
		}
		// Whole seconds, so up to one less.
		if got := ban.Until.Sub(before); got > want+time.Minute || got < want-time.Second || !ban.Prefix.IsSingleIP() {
			t.Errorf("%s: got %s for %s, want about %s for one address", body, ban.Prefix, got, want)
		}
	}
}

func TestBadBans(t *testing.T) {
	for _, test := range []struct {
		name, body, want string
		headers          []string
		status           int
	}{
		{"no token", `{"prefix":"192.0.2.7"}`, "Bearer TOKEN", []string{"Authorization", ""}, 401},
		{"a type that pages can send", `{"prefix":"192.0.2.7"}`, "application/json", []string{"Content-Type", "text/plain"}, 415},
		{"no JSON", `192.0.2.7`, "the body must be an object with prefix, and perhaps one of until", nil, 400},
		{"unknown field", `{"address":"192.0.2.7"}`, "unknown field", nil, 400},
		{"nobody", `{}`, "prefix must be an address or a prefix", nil, 400},
		{"host bits", `{"prefix":"192.0.2.7/24"}`, "prefix has bits behind the length", nil, 400},
		{"everybody", `{"prefix":"0.0.0.0/0"}`, "0.0.0.0/0 is wider than /8, the widest prefix that can be banned", nil, 400},
		{"over already", `{"prefix":"192.0.2.7","until":"2001-01-01T00:00:00Z"}`, "until has passed already", nil, 400},
		{"for ever", `{"prefix":"192.0.2.7","for":"721h"}`, "lasts 720 hours at most", nil, 400},
		{"for no time", `{"prefix":"192.0.2.7","for":"0s"}`, "for must be a duration above zero", nil, 400},
		{"for a while", `{"prefix":"192.0.2.7","for":"a while"}`, "for must be a duration above zero", nil, 400},
		{"both ends", `{"prefix":"192.0.2.7","for":"1h","until":"2100-01-01T00:00:00Z"}`, "give one of until and for", nil, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAPI(t, nil)
			status, answer := a.do("POST", "/v1/bans", test.body, test.headers...)
			if status != test.status || !strings.HasPrefix(answer, `{"error":"`) || !strings.Contains(answer, test.want) {
				t.Errorf("got %d %s, want %d with %q", status, answer, test.status, test.want)
			}
			if a.banned != 0 || a.bans.Count() != 0 {
				t.Errorf("got %d ends and %d bans, want no effect", a.banned, a.bans.Count())
			}
		})
	}
}

func TestBanThatIsNotSaved(t *testing.T) {
	a := newAPIWith(t, nil, brokenBans{})
	if status, answer := a.do("POST", "/v1/bans", `{"prefix":"192.0.2.7"}`); status != 500 || !strings.Contains(answer, "disk full") {
		t.Errorf("got %d %s, want 500 and why", status, answer)
	}
	if a.banned != 0 || a.bans.Count() != 0 || a.logs.FilterLevelExact(zap.ErrorLevel).Len() != 1 {
		t.Errorf("got %d ends and %v, want no effect and one error logged", a.banned, a.logs.All())
	}
}

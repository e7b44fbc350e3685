package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// Config is what an Endpoint serves; a reload brings the next one.
type Config struct {
	Keys []Key
	// Origins are those of web pages that may ask; "*" is any.
	Origins []string
	// URLs returns where the credentials of a realm can be used now; none while the
	// server is being emptied and there is no other.
	URLs func(realm string) []string
	// Revocations is the list that the keys which may revoke add to.
	Revocations *authn.Revocations
	// EndRevoked ends the live allocations of whoever the list covers.
	EndRevoked func(ctx context.Context) error
	// Audit hears what the key of a name has revoked.
	Audit func(key string, revocation authn.Revocation)
}

// Endpoint answers requests for credentials.
type Endpoint struct {
	settings atomic.Pointer[settings]
	counts   counts
}

// settings is a Config in use.
type settings struct {
	Config
	keys []*key
}

// New returns an endpoint that serves cfg.
func New(cfg Config) *Endpoint {
	e := new(Endpoint)
	e.Apply(cfg)
	return e
}

// Apply serves another configuration from now on. A key that keeps its name
// keeps what is left of its rate.
func (e *Endpoint) Apply(cfg Config) {
	next := &settings{Config: cfg}
	rates := make(map[string]*rate)
	if old := e.settings.Load(); old != nil {
		for _, each := range old.keys {
			rates[each.Name] = each.rate
		}
	}
	for _, each := range cfg.Keys {
		kept := rates[each.Name]
		if kept == nil {
			kept = new(rate)
		}
		next.keys = append(next.keys, &key{Key: each, digest: sha256.Sum256([]byte(each.Value)), rate: kept})
	}
	e.settings.Store(next)
}

// ServeHTTP answers GET and POST of "/", and what browsers ask before them, and POST
// of "/revoke", which no web page may ask by itself.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := e.settings.Load()
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == pathRevoke {
		e.revoke(w, r, s)
		return
	}
	s.allowOrigin(header, r.Header.Get("Origin"))
	switch {
	case r.URL.Path != "/":
		e.refuse(w, http.StatusNotFound, reasonPath, "ask for / or /revoke")
	case r.Method == http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		header.Set("Allow", "GET, POST, OPTIONS")
		e.refuse(w, http.StatusMethodNotAllowed, reasonMethod, "use GET or POST")
	default:
		e.issue(w, r, s)
	}
}

// allowOrigin lets a web page read the answer.
func (s *settings) allowOrigin(header http.Header, origin string) {
	switch {
	case slices.Contains(s.Origins, "*"):
		header.Set("Access-Control-Allow-Origin", "*")
	case len(s.Origins) > 0:
		header.Add("Vary", "Origin")
		if origin != "" && slices.Contains(s.Origins, origin) {
			header.Set("Access-Control-Allow-Origin", origin)
		}
	}
}

// issue answers with a credential.
func (e *Endpoint) issue(w http.ResponseWriter, r *http.Request, s *settings) {
	ask, err := readRequest(r)
	key := e.admit(w, s, ask.key)
	if key == nil {
		return
	}
	if err != nil {
		e.refuse(w, http.StatusBadRequest, reasonRequest, err.Error())
		return
	}
	timeToLive := key.MaxTimeToLive
	if ask.timeToLive > 0 {
		timeToLive = min(timeToLive, ask.timeToLive)
	}
	urls := s.URLs(key.Issuer.Realm)
	if len(urls) == 0 {
		w.Header().Set("Retry-After", "5")
		e.refuse(w, http.StatusServiceUnavailable, reasonDraining, "there is no server for new clients at the moment: ask another one")
		return
	}
	grant, err := key.Issuer.Issue(ask.user, timeToLive, urls)
	if err != nil {
		e.refuse(w, http.StatusBadRequest, reasonRequest, err.Error())
		return
	}
	e.counts.issued.add(key.Name)
	status := http.StatusOK
	if ask.format == FormatTwilio {
		status = http.StatusCreated
	}
	answer(w, status, grant.Shape(ask.format, key.Name))
}

// admit finds the key of a value and takes a request from its rate. On nil it has
// answered: who has no key learns nothing else.
func (e *Endpoint) admit(w http.ResponseWriter, s *settings, value string) *key {
	key := find(s.keys, value)
	if key == nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		e.refuse(w, http.StatusUnauthorized, reasonKey, "send an API key: Authorization: Bearer KEY, or key=KEY")
		return nil
	}
	if !key.rate.allow(key.RequestsPerSecond, time.Now()) {
		w.Header().Set("Retry-After", "1")
		e.refuse(w, http.StatusTooManyRequests, reasonRate, "this API key asks too often")
		return nil
	}
	return key
}

func (e *Endpoint) refuse(w http.ResponseWriter, status int, why reason, problem string) {
	e.counts.refused[why].Add(1)
	answer(w, status, struct {
		Error string `json:"error"`
	}{problem})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // the client is gone then
}

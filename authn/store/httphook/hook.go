package httphook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
)

// maxAnswerBytes bounds an answer; real ones have some hundred bytes.
const maxAnswerBytes = 64 << 10

// Config says which service. It holds a token and is never shown.
type Config struct {
	URL   string // http or https
	Token string // sent as a bearer token; empty: none
	// Connections bounds those that are open at once.
	Connections int
	// HasSHA256 promises that every answer has a password or a key_sha256.
	HasSHA256 bool
}

// Hook is a service that knows users.
type Hook struct {
	cfg       Config
	client    *http.Client
	addresses []string
}

// Open prepares a Hook; it sends nothing. Its errors do not show the URL, which
// may hold a password.
func Open(cfg Config) (*Hook, error) {
	target, err := url.Parse(cfg.URL)
	if err != nil || target.Hostname() == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, errors.New("the url of the hook is not http://host/path or https://host/path")
	}
	port := target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[target.Scheme]
	}
	return &Hook{
		cfg: cfg,
		client: &http.Client{
			Transport: &http.Transport{
				MaxConnsPerHost:     cfg.Connections,
				MaxIdleConnsPerHost: cfg.Connections,
				IdleConnTimeout:     time.Minute,
				ForceAttemptHTTP2:   true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		addresses: []string{net.JoinHostPort(target.Hostname(), port)},
	}, nil
}

// question and answer are the two JSON objects.
type (
	question struct {
		Realm    string `json:"realm"`
		Username string `json:"username"`
	}
	answer struct {
		Password  string `json:"password"`
		KeyMD5    string `json:"key_md5"`
		KeySHA256 string `json:"key_sha256"`
		User      string `json:"user"`
		ExpiresAt int64  `json:"expires_at"`
	}
)

// User is part of store.Backend.
func (h *Hook) User(ctx context.Context, realm, name string) (authn.Record, error) {
	status, body, err := h.post(ctx, question{Realm: realm, Username: name})
	switch {
	case err != nil:
		return authn.Record{}, err
	case status == http.StatusNotFound:
		return authn.Record{}, store.ErrNotFound
	case status == http.StatusBadRequest || status == http.StatusInternalServerError:
		// It may be this name alone that the service cannot bear.
		return authn.Record{}, fmt.Errorf("%w: the hook answered with status %d", store.ErrRejected, status)
	case status != http.StatusOK:
		return authn.Record{}, fmt.Errorf("the hook answered with status %d, want 200 or 404", status)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		// The error may quote the answer.
		return authn.Record{}, fmt.Errorf("%w: the hook did not answer with a JSON object of strings and a number expires_at", store.ErrRejected)
	}
	record, err := a.record(realm, name)
	if err != nil {
		return authn.Record{}, fmt.Errorf("%w: the hook's answer: %w", store.ErrRejected, err)
	}
	return record, nil
}

// post asks the service.
func (h *Hook) post(ctx context.Context, q question) (status int, body []byte, err error) {
	text, err := json.Marshal(q)
	if err != nil {
		return 0, nil, fmt.Errorf("ask the hook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.cfg.URL, bytes.NewReader(text))
	if err != nil {
		return 0, nil, errors.New("ask the hook: the url cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if h.cfg.Token != "" {
		request.Header.Set("Authorization", "Bearer "+h.cfg.Token)
	}
	response, err := h.client.Do(request)
	if err != nil {
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err // without the URL
		}
		return 0, nil, fmt.Errorf("ask the hook: %w", err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return 0, nil, fmt.Errorf("read the hook's answer: %w", err)
	}
	if len(body) > maxAnswerBytes {
		return 0, nil, fmt.Errorf("%w: the hook's answer is longer than %d bytes", store.ErrRejected, maxAnswerBytes)
	}
	return response.StatusCode, body, nil
}

// record makes keys of what the service told.
func (a answer) record(realm, name string) (authn.Record, error) {
	record := authn.Record{User: a.User}
	if a.User != "" {
		if prepared, err := authn.PrepareUsername(a.User); err != nil || prepared != a.User {
			return authn.Record{}, errors.New("user is not an identity that OpaqueString (RFC 8265) allows")
		}
	}
	switch {
	case a.ExpiresAt < 0:
		return authn.Record{}, errors.New("expires_at is negative")
	case a.ExpiresAt > 0:
		record.ExpiresAt = time.Unix(a.ExpiresAt, 0)
	}
	var err error
	switch {
	case a.Password != "" && (a.KeyMD5 != "" || a.KeySHA256 != ""):
		err = errors.New("has both a password and a key")
	case a.Password != "":
		record.Key, err = authn.WireKey(name, realm, a.Password)
	case a.KeyMD5 == "":
		err = errors.New("has neither password nor key_md5")
	default:
		if record.Key, err = authn.ParseKey(a.KeyMD5); err == nil && a.KeySHA256 != "" {
			record.Key.SHA256, err = authn.ParseKeySHA256(a.KeySHA256)
		}
	}
	return record, err
}

// UserByHash is part of store.Backend; a service is never asked for one.
func (h *Hook) UserByHash(context.Context, string, [sha256.Size]byte) (string, authn.Record, error) {
	return "", authn.Record{}, store.ErrNotFound
}

// Secrets is part of store.Backend; a service has none.
func (h *Hook) Secrets(context.Context, string) ([]authn.Secret, error) { return nil, nil }

// Traits is part of store.Backend.
func (h *Hook) Traits(context.Context, string) (store.Traits, error) {
	return store.Traits{SHA256: h.cfg.HasSHA256}, nil
}

// Ping is part of store.Backend: the service is asked about an empty name, and
// well when it answers as it would about anybody.
func (h *Hook) Ping(ctx context.Context) error {
	_, err := h.User(ctx, "", "")
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRejected) {
		return nil
	}
	return err
}

// Addresses is part of store.Backend.
func (h *Hook) Addresses() []string { return h.addresses }

// Close is part of store.Backend.
func (h *Hook) Close() error {
	h.client.CloseIdleConnections()
	return nil
}

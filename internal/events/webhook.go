package events

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Headers of a webhook request.
const (
	TimestampHeader = "Fairlead-Timestamp"
	SignatureHeader = "Fairlead-Signature"
)

// webhookTimeout bounds one attempt.
const webhookTimeout = 10 * time.Second

// Webhook posts events as JSON, {"events":[…]}, signed.
type Webhook struct {
	url    string
	secret []byte
	client *http.Client
}

// NewWebhook returns a sink that posts to a URL and signs with the secret.
// Redirects are not followed, as they would move events elsewhere.
func NewWebhook(url, secret string) *Webhook {
	return &Webhook{url: url, secret: []byte(secret), client: &http.Client{
		Timeout:       webhookTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: 90 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Name is webhook.
func (*Webhook) Name() string { return "webhook" }

// Deliver posts a batch. What the receiver answers with 2xx is delivered; 408,
// 429 and 5xx are tried again, everything else is refused.
func (h *Webhook) Deliver(ctx context.Context, batch []Event) error {
	body, err := json.Marshal(struct {
		Events []Event `json:"events"`
	}{batch})
	if err != nil {
		return fmt.Errorf("encode events: %w: %w", ErrRefused, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("prepare webhook: %w: %w", ErrRefused, err)
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(TimestampHeader, timestamp)
	request.Header.Set(SignatureHeader, "sha256="+Sign(h.secret, timestamp, body))
	answer, err := h.client.Do(request)
	if err != nil {
		// A URL may hold a token, which the error would show.
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err
		}
		return fmt.Errorf("post events: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("post events: the receiver answers %s", answer.Status)
	default:
		return fmt.Errorf("post events: %w: the receiver answers %s", ErrRefused, answer.Status)
	}
}

// Sign is the signature of a webhook request: HMAC-SHA256 over the timestamp, a
// dot and the body, in hexadecimal digits.
func Sign(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Close gives idle connections back.
func (h *Webhook) Close() error {
	h.client.CloseIdleConnections()
	return nil
}

//go:build e2e || soak

package e2e

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"
)

// written is every answer of a server that a test has read, and what else it wrote
// beside its log.
type written struct {
	next http.RoundTripper

	mu    sync.Mutex
	texts []writing // guarded by mu
}

// writing is a text and where it was read.
type writing struct {
	where, text string
	mayGrant    bool // it may hold what the credential endpoint hands out
}

func (w *written) keep(where, text string, mayGrant bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, writing{where, text, mayGrant})
}

// RoundTrip keeps the headers and the body of each answer.
func (w *written) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := w.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var headers bytes.Buffer
	_ = answer.Header.Write(&headers) // to memory
	isMonitoring := request.URL.Host == monitoringAddr.String()
	w.keep("the answer to "+request.Method+" "+request.URL.Path, headers.String()+string(body), !isMonitoring)
	return answer, nil
}

// check fails the test for each secret in what was kept.
func (w *written) check(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, each := range w.texts {
		known.check(t, each.where, each.text, each.mayGrant)
	}
}

package httphook

import "net/http"

// SetTransport lets a test answer questions.
func (h *Hook) SetTransport(transport http.RoundTripper) { h.client.Transport = transport }

package admin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/admin"
)

func TestAdminAnswers(t *testing.T) {
	cases := []struct {
		name, path   string
		alive, ready error
		status       int
		body         string
	}{
		{name: "alive", path: "/healthz", status: 200, body: "ok"},
		{name: "not alive", path: "/healthz", alive: errors.New("worker 1 does not answer"), status: 503, body: "worker 1 does not answer"},
		{name: "ready", path: "/readyz", status: 200, body: "ok"},
		{name: "not ready", path: "/readyz", ready: errors.New("stopping"), status: 503, body: "stopping"},
		{name: "metrics", path: "/metrics", status: 200, body: "a_metric 1"},
		{name: "nothing else", path: "/", status: 404, body: "404 page not found"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, err := admin.Listen(admin.Config{
				Address: "127.0.0.1:0",
				Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a_metric 1\n") }),
				Alive:   func(context.Context) error { return c.alive },
				Ready:   func() error { return c.ready },
				Log:     zap.NewNop(),
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- a.Run(ctx) }()

			response, err := http.Get("http://" + a.Address().String() + c.path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(body)); response.StatusCode != c.status || got != c.body {
				t.Errorf("%s: got %d %q, want %d %q", c.path, response.StatusCode, got, c.status, c.body)
			}

			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: got %v, want nil after cancel", err)
			}
		})
	}
}

func TestListenSaysWhichAddress(t *testing.T) {
	_, err := admin.Listen(admin.Config{Address: "127.0.0.1:99999", Log: zap.NewNop()})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:99999") {
		t.Errorf("got %v, want an error that names the address", err)
	}
}

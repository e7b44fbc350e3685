package httpserve_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/httpserve"
)

// serve runs a server that echoes bodies until the end of the test.
func serve(t *testing.T, address string) *httpserve.Server {
	t.Helper()
	s, err := httpserve.Listen(httpserve.Config{
		Purpose: "a test", Address: address, Log: zap.NewNop(),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
				return
			}
			w.Write(body)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: got %v, want nil after cancel", err)
		}
	})
	return s
}

func TestBodiesAreBounded(t *testing.T) {
	s := serve(t, "127.0.0.1:0")
	for size, want := range map[int]int{10: 200, 64 << 10: 200, 64<<10 + 1: 413} {
		answer, err := http.Post("http://"+s.Addr().String(), "text/plain", strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d bytes: got %d, want %d", size, answer.StatusCode, want)
		}
	}
}

// A socket is its owner's only, replaces one that a killed server left, and is
// not taken from one that runs.
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()

	t.Run("serve", func(t *testing.T) {
		serve(t, "unix:"+path)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v, want a socket for its owner only", info.Mode(), err)
		}
		client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", path)
		}, DisableKeepAlives: true}}
		answer, err := client.Post("http://localhost/", "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello" {
			t.Errorf("got %q, %v, want the echo", body, err)
		}
		_, err = httpserve.Listen(httpserve.Config{Purpose: "a test", Address: "unix:" + path, Log: zap.NewNop()})
		if err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("second server: got %v, want the socket in use", err)
		}
	})
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v, want nothing left behind", entries, err)
	}
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/testnet"
)

// serveFile runs the server of a configuration file until stop is called.
func serveFile(t *testing.T, file string) (stop func()) {
	t.Helper()
	cfg, _, err := config.Load(config.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	_, stop = serveConfig(t, cfg)
	return stop
}

// serveConfig runs a server until stop is called.
func serveConfig(t *testing.T, cfg *config.Config) (i *instance, stop func()) {
	t.Helper()
	i, err := newInstance(cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- i.run(ctx) }()
	return i, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

// What ctl revokes is listed, survives a restart and can be lifted.
func TestCtlRevokes(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "fairlead.yaml")
	text := fmt.Sprintf(`
listeners: [{address: "127.0.0.1:%d", transport: udp}]
workers: 1
auth: {realm: "example.org", secrets: [{name: "one", value: "0123456789abcdef"}]}
monitoring: {address: "off"}
admin: {address: "unix:%s/admin.sock"}
state_dir: %q
`, testnet.FreePort(t, "127.0.0.1"), dir, state)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctl := func(code int, args ...string) (stdout, stderr string) {
		t.Helper()
		return runCtl(t, file, code, args...)
	}
	if _, stderr := ctl(exitFailed, "revocations"); !strings.Contains(stderr, "admin.sock") {
		t.Errorf("without a server: got %q, want the address that was tried", stderr)
	}

	stop := serveFile(t, file)
	id, _ := ctl(exitOK, "revoke", "--user", "alice", "--until", "24h")
	id = strings.TrimSpace(id)
	ctl(exitOK, "revoke", "--secret", "one")
	if _, stderr := ctl(exitFailed, "revoke", "--user", "alice", "--realm", "example.net"); !strings.Contains(stderr, "no such realm") {
		t.Errorf("unknown realm: got %q", stderr)
	}
	stop()

	defer serveFile(t, file)()
	listed, stderr := ctl(exitOK, "revocations")
	want := regexp.MustCompile(`^ID +REALM +WHAT +UNTIL\n\w{16}  example.org  secret one  lifted\n` + id + `  example.org  user alice  20\d\d-\S+Z\n$`)
	if !want.MatchString(listed) || stderr != "" {
		t.Errorf("after a restart: got %q, %q, want what was revoked before", listed, stderr)
	}
	ctl(exitOK, "lift", id)
	if listed, _ = ctl(exitOK, "revocations"); strings.Contains(listed, "alice") {
		t.Errorf("got %q, want alice lifted", listed)
	}
	ctl(exitUsage, "revoke")
}

func TestReadUntil(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                     {},
		"24h":                  now.Add(24 * time.Hour),
		"2027-01-31T12:00:00Z": time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC),
	} {
		if got, err := readUntil(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	if _, err := readUntil("tomorrow", now); err == nil {
		t.Error("tomorrow: got no error")
	}
}

// runCtl runs ctl with the configuration of a server, and wants an exit code of it.
func runCtl(t *testing.T, file string, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	if got := run(append([]string{"ctl", "--config", file}, args...), &out, &err); got != code {
		t.Fatalf("ctl %v: got exit code %d, %s, want %d", args, got, err.String(), code)
	}
	return out.String(), err.String()
}

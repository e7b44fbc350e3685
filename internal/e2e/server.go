//go:build e2e || soak

package e2e

import (
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// patience bounds every wait for something that should happen at once.
const patience = 30 * time.Second

// server is a running `fairlead serve`.
type server struct {
	*testnet.Process
	configPath string
	monitoring string // its address
	host       *testnet.Namespace
	http       *http.Client // in the server's namespace
	written    *written     // what came by http, and the shown configuration
	prefix     []string     // of its command
}

// startServer runs the server on the relay of the network until the test ends
// and waits until it is ready. A prefix, if any, is a program that runs the
// server: prlimit and its arguments. Whatever the server writes until then is
// searched for secrets.
func startServer(t testing.TB, n *testnet.Net, c config, prefix ...string) *server {
	t.Helper()
	kept := &written{next: &http.Transport{DialContext: n.Relay.DialContext, DisableKeepAlives: true}}
	s := &server{
		configPath: c.writeFile(t),
		monitoring: c.Monitoring.Address,
		host:       n.Relay,
		http:       &http.Client{Transport: kept, Timeout: patience},
		written:    kept,
		prefix:     prefix,
	}
	s.Process = testnet.Start(t, s.command(t, "serve", "--config", s.configPath))
	t.Cleanup(func() { s.checkWritten(t) })
	s.show(t)
	testnet.Await(t, patience, func() bool {
		if s.Ended() {
			t.Fatalf("start the server: it has ended: %s", s.Output())
		}
		return s.ready()
	}, "the server is ready")
	return s
}

// command prepares a command of the server's program as the server itself is run.
func (s *server) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := fairlead(t, s.host, args...)
	// Behind "ip netns exec NAME".
	cmd.Args = slices.Concat(cmd.Args[:4:4], s.prefix, cmd.Args[4:])
	return cmd
}

// show notes the secrets of the configuration in force, and keeps what the program
// shows of it.
func (s *server) show(t testing.TB) {
	t.Helper()
	known.addConfig(t, s.configPath, s.prefix)
	shown, err := s.command(t, "config", "show", s.configPath).CombinedOutput()
	if err != nil && !s.Ended() {
		t.Errorf("fairlead config show: %v: %s", err, shown)
	}
	s.written.keep("config show", string(shown), false)
}

// checkWritten looks for secrets in what was read of the server; its log is looked
// through when it has ended.
func (s *server) checkWritten(t testing.TB) {
	t.Helper()
	if !s.Ended() {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			_, _, _ = s.get(path) // kept if it answers
		}
	}
	s.written.check(t)
}

// ready reports what /readyz says.
func (s *server) ready() bool {
	status, _, err := s.get("/readyz")
	return err == nil && status == http.StatusOK
}

// get asks the monitoring listener.
func (s *server) get(path string) (status int, body string, err error) {
	answer, err := s.http.Get("http://" + s.monitoring + path)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// Log lines that tests wait for.
const (
	logReloaded    = "configuration reloaded"
	logNotReloaded = "configuration not reloaded"
	logNoRelay     = "cannot open a relayed transport address"
)

// reload puts a new configuration into the server's file, sends SIGHUP and
// waits until the server says that it has taken it.
func (s *server) reload(t testing.TB, c config) {
	t.Helper()
	before := len(s.logLines(logReloaded))
	c.overwrite(t, s.configPath)
	s.show(t)
	s.Signal(t, syscall.SIGHUP)
	testnet.Await(t, patience, func() bool { return len(s.logLines(logReloaded)) > before }, "the server has reloaded")
}

// logLines are the lines of the log that contain the text, in any case.
func (s *server) logLines(text string) []string {
	var lines []string
	for line := range strings.Lines(s.Stderr()) {
		if strings.Contains(strings.ToLower(line), strings.ToLower(text)) {
			lines = append(lines, line)
		}
	}
	return lines
}

// check fails the test when the server has ended or has had a bug to log.
func (s *server) check(t testing.TB) {
	t.Helper()
	if s.Ended() {
		t.Errorf("the server has ended: %s", s.Output())
	}
	s.checkLog(t)
}

// checkLog fails the test when the log tells of a bug: a panic that ended the
// server or was recovered, a data race.
func (s *server) checkLog(t testing.TB) {
	t.Helper()
	for _, text := range []string{"panic", "DATA RACE"} {
		if lines := s.logLines(text); len(lines) > 0 {
			t.Errorf("%s in the log: got %q, want none", text, lines)
		}
	}
}

package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/testnet"
)

// reloadScene is a running server with a certificate, and a file for a reload with
// another certificate and another realm.
type reloadScene struct {
	reloader  *reloader
	logs      *observer.ObservedLogs
	before    testnet.Certificate
	after     testnet.Certificate
	nextKey   string // file of the key of after
	endServer func()
}

func newReloadScene(t *testing.T) *reloadScene {
	t.Helper()
	expires := time.Now().Add(time.Hour)
	s := &reloadScene{
		before: testnet.NewCertificate(t, expires, "turn.example.org"),
		after:  testnet.NewCertificate(t, expires, "turn.example.org"),
	}
	address := fmt.Sprintf("127.0.0.1:%d", testnet.FreePort(t, "127.0.0.1"))
	options := func(c testnet.Certificate, realms string) (o config.Options, key string) {
		file, key := c.Write(t, t.TempDir())
		return config.Options{Set: []string{
			fmt.Sprintf(`listeners=[{address: %q, transport: udp}, {address: %q, transport: tcp}]`, address, address),
			"workers=1", "monitoring.address=off", "auth.realm=example.org", `auth.secrets=[{value: "0123456789abcdef"}]`,
			fmt.Sprintf("tls.certificates=[{certificate_file: %q, key_file: %q}]", file, key),
			"realms=" + realms,
		}}, key
	}
	running, _ := options(s.before, "[]")
	next, key := options(s.after, `[{name: "example.net", server_names: ["turn.example.net"], secrets: [{value: "fedcba9876543210"}]}]`)
	cfg, _, err := config.Load(running)
	if err != nil {
		t.Fatal(err)
	}
	i, stop := serveConfig(t, cfg)
	core, logs := observer.New(zapcore.DebugLevel)
	s.reloader = &reloader{options: next, instance: i, running: cfg, level: zap.NewAtomicLevel(), log: zap.New(core)}
	s.logs, s.nextKey, s.endServer = logs, key, stop
	return s
}

// want checks what the last reload has logged, and which configuration is served.
func (s *reloadScene) want(t *testing.T, logged string, isNew bool) {
	t.Helper()
	if s.logs.FilterMessage(logged).Len() != 1 || s.logs.Len() != 1 {
		t.Errorf("got log %v, want %q alone", s.logs.All(), logged)
	}
	certificate := s.before
	if isNew {
		certificate = s.after
	}
	got, err := s.reloader.instance.tls.TLS().GetCertificate(&tls.ClientHelloInfo{
		ServerName: "turn.example.org", SupportedVersions: []uint16{tls.VersionTLS13},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Leaf.SerialNumber.Cmp(certificate.Serial) != 0 {
		t.Errorf("got certificate %s, want %s, the new one: %t", got.Leaf.SerialNumber, certificate.Serial, isNew)
	}
	if got := s.reloader.instance.server.HasRealm("example.net"); got != isNew {
		t.Errorf("got the new realm %t, want %t", got, isNew)
	}
}

// A configuration with a file that cannot be used changes nothing, and the log says
// so; once the file is right, everything.
func TestReloadWithABadCertificate(t *testing.T) {
	s := newReloadScene(t)
	defer s.endServer()
	good, err := os.ReadFile(s.nextKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.nextKey, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reloader.reload(t.Context())
	s.want(t, "configuration not reloaded, the running one stays", false)
	if err := os.WriteFile(s.nextKey, good, 0o600); err != nil {
		t.Fatal(err)
	}
	s.logs.TakeAll()
	s.reloader.reload(t.Context())
	s.want(t, "configuration reloaded", true)
}

// What fails while a configuration takes effect, as a worker has ended, leaves no
// mixture of the old and the new one.
func TestReloadWhileAWorkerEnds(t *testing.T) {
	s := newReloadScene(t)
	s.endServer()
	s.reloader.reload(t.Context())
	s.want(t, "configuration not applied on every worker; reload again", true)
}

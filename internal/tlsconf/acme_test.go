package tlsconf_test

import (
	"context"
	"crypto/tls"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/tlsconf"
)

// acme is an authority that nobody reaches.
func acme(t *testing.T) tlsconf.ACME {
	return tlsconf.ACME{
		Domains:   []string{"turn.example.org"},
		Directory: "https://127.0.0.1:1/directory",
		Storage:   filepath.Join(storageDirectory(t), "acme"),
		Challenge: netip.MustParseAddrPort("127.0.0.1:443"),
	}
}

// storageDirectory is like t.TempDir, for storage that certmagic may still write
// to after its cache has stopped: it is removed once it stays empty.
func storageDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "fairlead-acme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var err error
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if err = os.RemoveAll(directory); err == nil {
				return
			}
		}
		t.Errorf("remove the storage: %v", err)
	})
	return directory
}

func TestACMERefusesToStart(t *testing.T) {
	noRoots, badRoots, noStorage := acme(t), acme(t), acme(t)
	noRoots.RootsFile = "/nowhere/roots.pem"
	badRoots.RootsFile = filepath.Join(t.TempDir(), "roots.pem")
	write(t, badRoots.RootsFile, []byte("no certificate"))
	noStorage.Storage = filepath.Join(badRoots.RootsFile, "storage")
	for want, cfg := range map[string]tlsconf.ACME{
		"open /nowhere/roots.pem: no such file":              noRoots,
		badRoots.RootsFile + " holds no PEM certificate":     badRoots,
		"open the ACME storage: mkdir " + badRoots.RootsFile: noStorage,
	} {
		_, err := tlsconf.Open(tlsconf.Config{ACME: cfg, Log: zap.NewNop()})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// TestFilesBesideACME has a certificate from a file, and a domain for which no
// authority has given one yet.
func TestFilesBesideACME(t *testing.T) {
	file, files := onDisk(t, inAYear(), "file.example.org")
	s, err := tlsconf.Open(tlsconf.Config{ACME: acme(t), Files: []tlsconf.Files{files}, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.Run(ctx)
	}()
	wantServed(t, s, "file.example.org", file.Serial)
	wantServed(t, s, "", file.Serial)
	for _, name := range []string{"turn.example.org", "TURN.example.org."} {
		if _, _, err := handshake(t, s, &tls.Config{ServerName: name}); err == nil {
			t.Errorf("%s: got a connection without its certificate", name)
		}
	}
	if _, _, err := handshake(t, s, &tls.Config{ServerName: "file.example.org", NextProtos: []string{"acme-tls/1"}}); err == nil {
		t.Error("a challenge that nobody has asked for: got a connection")
	}
	if got := s.Stats().Certificates; len(got) != 1 {
		t.Errorf("got %+v, want the certificate of the file", got)
	}
}

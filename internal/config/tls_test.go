package config_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/tlsconf"
)

func TestCertificateFilesStartBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "fairlead.yaml")
	text := `tls: {min_version: "1.3", certificates: [{certificate_file: "tls/a.crt", key_file: "/run/a.key"}]}` + "\nauth: {anonymous: true}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := config.Load(config.Options{File: name})
	if err != nil {
		t.Fatal(err)
	}
	log := zap.NewNop()
	want := tlsconf.Config{
		Files:      []tlsconf.Files{{Certificate: filepath.Join(dir, "tls/a.crt"), Key: "/run/a.key"}},
		MinVersion: tls.VersionTLS13,
		Log:        log,
	}
	got := c.TLSConfig(log)
	if diff := cmp.Diff(want.Files, got.Files); diff != "" || got.MinVersion != want.MinVersion || got.Log != log {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

package tlsconf_test

import (
	"context"
	"crypto/tls"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/internal/tlsconf"
)

// follow runs a Store; a call of the result lets one look pass.
func follow(t *testing.T, s *tlsconf.Store) (look func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return func() {
		time.Sleep(5 * time.Second)
		synctest.Wait()
	}
}

func TestCertificateReplacedOnDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, files := onDisk(t, inAYear(), "turn.example.org")
		s, _ := open(t, files)
		look := follow(t, s)
		server, client, err := handshake(t, s, &tls.Config{})
		if err != nil {
			t.Fatal(err)
		}
		next := testnet.NewCertificate(t, inAYear(), "turn.example.org")
		next.Write(t, filepath.Dir(files.Certificate))
		look()
		wantServed(t, s, "turn.example.org", next.Serial)
		go client.Write([]byte("alive"))
		got := make([]byte, 5)
		if _, err := io.ReadFull(server, got); err != nil || string(got) != "alive" {
			t.Errorf("the connection from before: got %q, %v", got, err)
		}
	})
}

func TestFilesReplacedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, files := onDisk(t, inAYear(), "turn.example.org")
		s, logs := open(t, files)
		look := follow(t, s)
		next := testnet.NewCertificate(t, inAYear(), "turn.example.org")
		write(t, files.Certificate, next.Certificate)
		look()
		wantServed(t, s, "", old.Serial)
		if got := logs.FilterMessageSnippet("not reloaded").Len(); got != 0 {
			t.Errorf("got %d complaints while the files are being replaced, want none yet", got)
		}
		look()
		look()
		wantServed(t, s, "", old.Serial)
		if got := logs.FilterMessageSnippet("not reloaded").Len(); got != 1 || s.Stats().Failures != 1 {
			t.Errorf("got %d complaints and %d failures about a pair that stays bad, want one each", got, s.Stats().Failures)
		}
		write(t, files.Key, next.Key)
		look()
		wantServed(t, s, "", next.Serial)
		if err := os.Remove(files.Key); err != nil {
			t.Fatal(err)
		}
		look()
		look()
		wantServed(t, s, "", next.Serial)
		if got := s.Stats().Failures; got != 2 {
			t.Errorf("got %d failures with a file gone, want 2", got)
		}
	})
}

// TestSymlinkSwap lays the files out as Kubernetes does: the names that are
// configured lead through the link ..data, which is exchanged by a rename.
func TestSymlinkSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		link := func(target, name string) {
			t.Helper()
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		version := func(name string) testnet.Certificate {
			t.Helper()
			if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
			c := testnet.NewCertificate(t, inAYear(), "turn.example.org")
			c.Write(t, filepath.Join(dir, name))
			return c
		}
		old := version("..1")
		link("..1", "..data")
		link("..data/cert.pem", "tls.crt")
		link("..data/key.pem", "tls.key")
		s, _ := open(t, tlsconf.Files{Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")})
		look := follow(t, s)
		wantServed(t, s, "", old.Serial)
		next := version("..2")
		link("..2", "..data_tmp")
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
			t.Fatal(err)
		}
		look()
		wantServed(t, s, "", next.Serial)
	})
}

func TestWarningBeforeExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		_, files := onDisk(t, time.Now().Add(90*day), "turn.example.org")
		s, logs := open(t, files)
		for _, test := range []struct {
			left           time.Duration
			about, expired int
		}{
			{21*day + time.Hour, 0, 0},
			{21*day - time.Hour, 1, 0},
			{21*day - 2*time.Hour, 1, 0}, // once a day
			{20*day - 2*time.Hour, 2, 0},
			{-day, 2, 1},
		} {
			time.Sleep(time.Until(s.Stats().Certificates[0].Expires.Add(-test.left)))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			s.Run(ctx)
			cancel()
			about := logs.FilterMessageSnippet("about to expire").Len()
			expired := logs.FilterMessageSnippet("has expired").Len()
			if about != test.about || expired != test.expired {
				t.Errorf("%s before the end: got %d and %d warnings, want %d and %d", test.left, about, expired, test.about, test.expired)
			}
		}
	})
}

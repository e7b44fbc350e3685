package tlsconf_test

import (
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/internal/tlsconf"
)

func TestChoiceByServerName(t *testing.T) {
	first, firstFiles := onDisk(t, inAYear(), "turn.example.org")
	wild, wildFiles := onDisk(t, inAYear(), "*.example.org", "Example.NET")
	s, _ := open(t, firstFiles, wildFiles)
	for name, want := range map[string]testnet.Certificate{
		"turn.example.org":  first,
		"TURN.Example.org":  first,
		"turn.example.org.": first,
		"other.example.org": wild,
		"example.net":       wild,
		"a.b.example.org":   first, // a wildcard is one label
		"example.org":       first,
		"unknown":           first,
		"":                  first,
	} {
		wantServed(t, s, name, want.Serial)
	}
}

func TestProtocols(t *testing.T) {
	_, files := onDisk(t, inAYear(), "turn.example.org")
	s, _ := open(t, files)
	for _, offered := range []string{"stun.turn", "stun.nat-discovery"} {
		_, client, err := handshake(t, s, &tls.Config{NextProtos: []string{"other", offered}})
		if err != nil || client.ConnectionState().NegotiatedProtocol != offered {
			t.Errorf("ALPN %s: got %v", offered, err)
		}
	}
	if _, client, err := handshake(t, s, &tls.Config{}); err != nil || client.ConnectionState().NegotiatedProtocol != "" {
		t.Errorf("no ALPN: got %v", err)
	}
	if _, _, err := handshake(t, s, &tls.Config{NextProtos: []string{"h2"}}); err == nil {
		t.Error("ALPN h2: got a connection, want none")
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	_, files := onDisk(t, inAYear(), "turn.example.org")
	for _, test := range []struct{ least, client uint16 }{
		{0, tls.VersionTLS11},
		{tls.VersionTLS10, tls.VersionTLS11},
		{tls.VersionTLS13, tls.VersionTLS12},
	} {
		s, err := tlsconf.Open(tlsconf.Config{Files: []tlsconf.Files{files}, MinVersion: test.least, Log: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = handshake(t, s, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: test.client})
		if err == nil {
			t.Errorf("at least %x: got a connection of version %x", test.least, test.client)
		}
	}
}

func TestOpenNamesEveryBadFile(t *testing.T) {
	good, files := onDisk(t, inAYear(), "turn.example.org")
	_, other := onDisk(t, inAYear(), "other.example.org")
	_, garbled := onDisk(t, inAYear(), "garbled.example.org")
	write(t, garbled.Key, []byte("not a key at all"))
	_, err := tlsconf.Open(tlsconf.Config{Log: zap.NewNop(), Files: []tlsconf.Files{
		files,
		{Certificate: files.Certificate, Key: other.Key},
		{Certificate: "/nowhere/cert.pem", Key: files.Key},
		garbled,
	}})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		files.Certificate + " with private key " + other.Key + ": tls: private key does not match public key",
		"read certificate: open /nowhere/cert.pem: no such file",
		garbled.Key,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "not a key at all") || strings.Contains(err.Error(), string(good.Key[30:60])) {
		t.Errorf("the error quotes a key: %q", err)
	}
	if tlsconf.Check([]tlsconf.Files{files, other}) != nil || tlsconf.Check([]tlsconf.Files{garbled}) == nil {
		t.Error("Check disagrees with Open")
	}
}

func TestPrepareAndServe(t *testing.T) {
	first, firstFiles := onDisk(t, inAYear(), "a.example.org")
	second, secondFiles := onDisk(t, inAYear(), "b.example.org")
	s, logs := open(t, firstFiles)
	prepare := func(files ...tlsconf.Files) tlsconf.Prepared {
		t.Helper()
		p, err := s.Prepare(files)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if _, err := s.Prepare([]tlsconf.Files{secondFiles, {Certificate: "/nowhere", Key: "/nowhere"}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
	both := prepare(secondFiles, firstFiles)
	wantServed(t, s, "b.example.org", first.Serial) // until it is to be served
	if got := logs.FilterMessage("certificate loaded").Len(); got != 1 {
		t.Errorf("got %d certificates loaded, want the first one only", got)
	}
	s.Serve(both)
	wantServed(t, s, "b.example.org", second.Serial)
	wantServed(t, s, "a.example.org", first.Serial)
	if got := logs.FilterMessage("certificate loaded").Len(); got != 2 {
		t.Errorf("got %d certificates loaded, want both", got)
	}
	write(t, firstFiles.Key, []byte("broken"))
	s.Serve(prepare(firstFiles)) // one that is served and whose file broke is served on
	wantServed(t, s, "", first.Serial)
	if got := s.Stats().Failures; got != 1 {
		t.Errorf("got %d failures, want 1", got)
	}
}

func TestNoCertificate(t *testing.T) {
	s, _ := open(t)
	if _, _, err := handshake(t, s, &tls.Config{}); err == nil {
		t.Error("got a connection without any certificate")
	}
}

func TestKeyThatEverybodyCanRead(t *testing.T) {
	_, files := onDisk(t, inAYear(), "turn.example.org")
	_, logs := open(t, files)
	if got := logs.FilterMessageSnippet("everybody").Len(); got != 0 {
		t.Errorf("mode 0600: got %d warnings", got)
	}
	if err := os.Chmod(files.Key, 0o644); err != nil {
		t.Fatal(err)
	}
	_, logs = open(t, files)
	if got := logs.FilterMessageSnippet("everybody").Len(); got != 1 {
		t.Errorf("mode 0644: got %d warnings, want 1", got)
	}
}

func TestStats(t *testing.T) {
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	_, files := onDisk(t, expires, "turn.example.org")
	s, _ := open(t, files)
	got := s.Stats().Certificates
	if len(got) != 1 || got[0].Name != files.Certificate || !got[0].Expires.Equal(expires) {
		t.Errorf("got %+v, want %s and %s", got, files.Certificate, expires)
	}
}

package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/fairlead/fairlead/internal/logging"
)

func TestJSONLineSpellsKeysOnce(t *testing.T) {
	var out bytes.Buffer
	log, _, err := logging.New(&out, logging.FormatJSON, zapcore.InfoLevel)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort("[2001:db8::1]:3478")
	log.Named("server").Info("allocated",
		logging.Client(addr), logging.Server(addr), logging.Relayed(addr), logging.Peer(addr),
		logging.Realm("example.org"), logging.Username("alice"), logging.Allocation(7), logging.Channel(0x4000),
		logging.Method(zapcore.InfoLevel), logging.Code(486), logging.Reason(zapcore.WarnLevel), logging.Err(errors.New("boom")))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("line is not JSON: %v\n%s", err, out.String())
	}
	want := map[string]any{
		"level": "info", "logger": "server", "msg": "allocated",
		"client": "[2001:db8::1]:3478", "server": "[2001:db8::1]:3478", "relayed": "[2001:db8::1]:3478", "peer": "[2001:db8::1]:3478",
		"realm": "example.org", "username": "alice", "alloc": 7.0, "chan": 16384.0,
		"method": "info", "code": 486.0, "reason": "warn", "err": "boom",
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("key %s: got %v, want %v", key, line[key], value)
		}
	}
	if line["time"] == nil {
		t.Error("line has no time")
	}
}

func TestConsoleLineCannotBeForged(t *testing.T) {
	for _, format := range []logging.Format{logging.FormatConsole, logging.FormatJSON} {
		var out bytes.Buffer
		log, _, err := logging.New(&out, format, zapcore.InfoLevel)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("refused", logging.Username("eve\n2026-01-01 INFO all is well\x1b[31m"))
		if got := strings.Count(out.String(), "\n"); got != 1 {
			t.Errorf("%s: got %d lines, want 1: %q", format, got, out.String())
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: an escape sequence reached the terminal: %q", format, out.String())
		}
	}
}

func TestLevelChangesLive(t *testing.T) {
	var out bytes.Buffer
	log, level, err := logging.New(&out, logging.FormatConsole, zapcore.WarnLevel)
	if err != nil {
		t.Fatal(err)
	}
	named := log.Named("relay").With(zap.Int("worker", 1))
	named.Info("hidden")
	level.SetLevel(zapcore.InfoLevel)
	named.Info("shown")
	if got := out.String(); strings.Contains(got, "hidden") || !strings.Contains(got, "shown") {
		t.Errorf("got %q, want only the line after the change", got)
	}
}

func TestParseLevel(t *testing.T) {
	for text, want := range map[string]zapcore.Level{
		"debug": zapcore.DebugLevel, "info": zapcore.InfoLevel, "warn": zapcore.WarnLevel, "error": zapcore.ErrorLevel,
	} {
		if got, err := logging.ParseLevel(text); err != nil || got != want {
			t.Errorf("ParseLevel(%q): got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "Info", "trace", "fatal"} {
		if _, err := logging.ParseLevel(text); err == nil {
			t.Errorf("ParseLevel(%q): got no error", text)
		}
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	if _, _, err := logging.New(&bytes.Buffer{}, "xml", zapcore.InfoLevel); err == nil {
		t.Error("format xml: got no error")
	}
}

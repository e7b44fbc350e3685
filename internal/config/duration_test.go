package config_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/config"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"600s": 600 * time.Second, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute,
		"250ms": 250 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "0s": 0, "-1s": -time.Second,
	} {
		got, err := config.ParseDuration(text)
		if err != nil || got.Std() != want {
			t.Errorf("ParseDuration(%q): got %v, %v, want %v", text, got, err, want)
		}
		if again, err := config.ParseDuration(got.String()); err != nil || again != got {
			t.Errorf("String of %q: got %q, which reads as %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "0", "600", "1.5", "-3", "+3", "3d", "s", "10 m", "1e3s", "600S"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q): got %v, want an error", text, got)
		}
	}
}

func TestDurationShowsSeconds(t *testing.T) {
	for want, d := range map[string]time.Duration{"600s": 10 * time.Minute, "86400s": 24 * time.Hour, "250ms": 250 * time.Millisecond, "0s": 0} {
		if got := config.Duration(d).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

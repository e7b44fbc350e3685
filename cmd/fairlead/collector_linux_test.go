package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// A small heap may grow by a quarter of the ballast, which takes no memory: in a
// process that has just begun, as memory that was in use before would be cleared.
func TestTuneCollector(t *testing.T) {
	if !testnet.InOwnProcess(t) {
		return
	}
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	before := testnet.UsageOf(t, os.Getpid()).ResidentBytes
	tuneCollector()
	runtime.GC()
	if grown := testnet.UsageOf(t, os.Getpid()).ResidentBytes - before; grown > ballastBytes/4 {
		t.Errorf("got %d bytes more resident, want little of the ballast's %d", grown, ballastBytes)
	}
	samples := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	goal, live := samples[0].Value.Uint64(), samples[1].Value.Uint64()
	if goal-live < ballastBytes*gcPercent/100 {
		t.Errorf("got %d bytes until the next collection, want %d at least", goal-live, ballastBytes*gcPercent/100)
	}
}

func TestEnvironmentTunesCollector(t *testing.T) {
	for _, c := range []struct {
		variable, value string
		want            int // percent
	}{{"GOGC", "50", 77}, {"GOMEMLIMIT", "64MiB", gcPercent}} {
		t.Run(c.variable, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv(c.variable, c.value)
			defer debug.SetGCPercent(debug.SetGCPercent(77))
			ballast = nil // a server of another test may have left it
			tuneCollector()
			if got := debug.SetGCPercent(77); got != c.want || ballast != nil {
				t.Errorf("got %d percent and a ballast of %d bytes, want %d and none", got, len(ballast), c.want)
			}
		})
	}
}

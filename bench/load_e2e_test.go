//go:build e2e

package bench_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/bench"
)

func pionSpecs() []bench.Spec {
	return []bench.Spec{{Name: "pion", Command: "{executable} " + serverArgument + " {listen}:{port} {relay}"}}
}

func TestLatency(t *testing.T) {
	report, err := bench.Latency(t.Context(), bench.LatencyOptions{
		Servers:     pionSpecs(),
		Flows:       8,
		Allocations: 100,
		SetUps:      100,
		Rounds:      1,
		Slice:       500 * time.Millisecond,
		Payload:     bench.DefaultPayload,
		CPU:         -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Latencies) != 2 {
		t.Fatalf("latencies: got %d, want one for each direction", len(report.Latencies))
	}
	for _, l := range report.Latencies {
		if l.CapacityPackets <= 0 || l.OfferedPackets != l.CapacityPackets/2 {
			t.Errorf("%s: got %.0f packets offered of a capacity of %.0f, want half", l.Direction, l.OfferedPackets, l.CapacityPackets)
		}
		if l.SetUps == 0 {
			t.Errorf("%s: no allocation came and went", l.Direction)
		}
		// A relay cannot be faster than a direct link.
		if l.Sent == 0 || l.Lost == l.Sent || l.AddedP50Ns.Median <= 0 {
			t.Errorf("%s: got %d lost of %d, %.0f ns added", l.Direction, l.Lost, l.Sent, l.AddedP50Ns.Median)
		}
	}
	var text bytes.Buffer
	if err := report.WriteTable(&text); err != nil || !strings.Contains(text.String(), "down, pion") {
		t.Errorf("table: got error %v and\n%s", err, text.String())
	}
}

func TestFairness(t *testing.T) {
	report, err := bench.Fairness(t.Context(), bench.FairnessOptions{
		Servers:  pionSpecs(),
		Voices:   8,
		Duration: 500 * time.Millisecond,
		Payload:  bench.DefaultPayload,
		CPU:      -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Shares) != 2 {
		t.Fatalf("shares: got %d, want one for each direction", len(report.Shares))
	}
	for _, s := range report.Shares {
		if most := 8 * (25 + 1); s.VoiceSent == 0 || s.VoiceSent > most {
			t.Errorf("%s: got %d voice packets in half a second, want at most %d", s.Direction, s.VoiceSent, most)
		}
		if s.BulkSent == 0 || s.BulkLost == s.BulkSent {
			t.Errorf("%s: got %d lost of %d bulk packets", s.Direction, s.BulkLost, s.BulkSent)
		}
	}
	if flood, calm := report.Shares[0], report.Shares[1]; flood.CapacityPackets != 0 || calm.CapacityPackets == 0 {
		t.Errorf("got capacities %.0f and %.0f, want a flood first", flood.CapacityPackets, calm.CapacityPackets)
	}
	var text bytes.Buffer
	if err := report.WriteTable(&text); err != nil || !strings.Contains(text.String(), "flood") {
		t.Errorf("table: got error %v and\n%s", err, text.String())
	}
}

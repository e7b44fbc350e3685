package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	sparse = Cell{Direction: ToPeer, Flows: 64, Packets: 1}
	single = Cell{Direction: ToClient, Flows: 1, Packets: 1}
)

// newTestReport has two servers; "ours" takes 80 % of the reference in the
// sparse cell and lost too much in the other.
func newTestReport() *Report {
	return &Report{
		Machine:      Machine{Kernel: "6.18.0", CPU: "Some CPU", CPUs: 2, Pinned: 1, Go: "go1.26"},
		Date:         time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
		PayloadBytes: 172,
		SliceMs:      100,
		Servers:      []Contender{{Name: "theirs", Version: "4", Command: "turnserver"}, {Name: "ours", Command: "fairlead serve"}},
		Cells: []Measurement{
			{Cell: sparse, Server: "theirs", BaselineNs: 3000, TotalNs: 8000, NetNs: 5000, NetRoundsNs: []float64{5000, 4000, 6000}, Bursts: 10},
			{Cell: sparse, Server: "ours", BaselineNs: 3000, TotalNs: 7000, NetNs: 4000, NetRoundsNs: []float64{4000, 3200, 4800}, Bursts: 10},
			{Cell: single, Server: "theirs", BaselineNs: 4000, TotalNs: 14000, NetNs: 10000, NetRoundsNs: []float64{10000}, Bursts: 5},
			{Cell: single, Server: "ours", NetNs: 1, NetRoundsNs: []float64{1}, Bursts: 5, Loss: 0.02},
		},
		Costs: []Cost{
			{Server: "theirs", Allocations: 2000, SetupNs: Quartiles{100e3, 110e3, 120e3}, AllocationBytes: 22000, RestShare: 0.0004, UnauthenticatedNs: Quartiles{8e3, 10e3, 12e3}},
			{Server: "ours", Allocations: 2000, SetupNs: Quartiles{50e3, 55e3, 60e3}, AllocationBytes: 1100, RestShare: 0.0001, UnauthenticatedNs: Quartiles{4e3, 5e3, 6e3}},
		},
	}
}

func TestReportSurvivesJSON(t *testing.T) {
	want := newTestReport()
	var text bytes.Buffer
	if err := want.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	got := &Report{}
	decoder := json.NewDecoder(&text)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestRatio(t *testing.T) {
	r := newTestReport()
	got, ok := r.ratio(sparse, "ours", "theirs")
	if want := (Quartiles{0.8, 0.8, 0.8}); !ok || cmp.Diff(want, got, cmp.Comparer(near)) != "" {
		t.Errorf("ratio: got %v %v, want %v", got, ok, want)
	}
	tests := map[string]struct {
		cell              Cell
		server, reference string
	}{
		"too much lost":     {single, "ours", "theirs"},
		"reference lost":    {single, "theirs", "ours"},
		"unknown server":    {sparse, "nobody", "theirs"},
		"unknown reference": {sparse, "ours", "nobody"},
		"cell not measured": {Cell{Direction: ToPeer, Flows: 2, Packets: 2}, "ours", "theirs"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := r.ratio(tt.cell, tt.server, tt.reference); ok {
				t.Errorf("got %v, want none", got)
			}
		})
	}
}

func TestRatioNeedsAReferenceAboveZero(t *testing.T) {
	r := newTestReport()
	r.Cells[0].NetRoundsNs = []float64{0, 8000, -5}
	got, ok := r.ratio(sparse, "ours", "theirs")
	if want := (Quartiles{0.4, 0.4, 0.4}); !ok || cmp.Diff(want, got, cmp.Comparer(near)) != "" {
		t.Errorf("ratio with one usable round: got %v %v, want %v", got, ok, want)
	}
}

func TestReportErr(t *testing.T) {
	r := newTestReport()
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "ours in down/F=1/K=1") {
		t.Errorf("report with 2 %% loss: got %v, want an error that names server and cell", err)
	}
	r.Cells[3].Loss = 0.01
	if err := r.Err(); err != nil {
		t.Errorf("report with 1 %% loss: got %v, want nil", err)
	}
	r.Cells[3].Stalled = 1
	if err := r.Err(); err == nil {
		t.Error("report with a round without bursts: got nil, want an error")
	}
	r.Cells[3].Stalled, r.Cells[3].Bursts = 0, 0
	if err := r.Err(); err == nil {
		t.Error("report with a cell without bursts: got nil, want an error")
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

package bench_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/bench"
)

func TestParseCell(t *testing.T) {
	tests := map[string]bench.Cell{
		"up/F=64/K=1":         {Direction: bench.ToPeer, Flows: 64, Packets: 1},
		"down/F=1/K=64":       {Direction: bench.ToClient, Flows: 1, Packets: 64},
		"down/F=2/K=32/train": {Direction: bench.ToClient, Flows: 2, Packets: 32, Train: true},
		"up/F=64/K=64":        {Direction: bench.ToPeer, Flows: 64, Packets: 64},
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			got, err := bench.ParseCell(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("cell (-want +got):\n%s", diff)
			}
			if got.String() != text {
				t.Errorf("text: got %q, want %q", got.String(), text)
			}
		})
	}
}

func TestParseCellRefuses(t *testing.T) {
	tests := map[string]struct{ text, complaint string }{
		"nothing":         {"", "not of the form"},
		"two fields":      {"up/F=1", "not of the form"},
		"unknown word":    {"up/F=1/K=1/fast", "not of the form"},
		"no direction":    {"left/F=1/K=1", `"left"`},
		"no flows":        {"up/F=0/K=1", `"F=0"`},
		"wrong letter":    {"up/K=1/F=1", `"K=1"`},
		"no number":       {"up/F=1/K=x", `"K=x"`},
		"more than fits":  {"up/F=65/K=64", "more than 4096 packets"},
		"would overflow":  {"up/F=9999999999999999999/K=1", `"F=9999999999999999999"`},
		"no packets left": {"up/F=1/K=-1", `"K=-1"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := bench.ParseCell(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.complaint) {
				t.Errorf("parse %q: got %v, want an error with %q", tt.text, err, tt.complaint)
			}
		})
	}
}

func TestDefaultCells(t *testing.T) {
	var got []string
	for _, c := range bench.DefaultCells() {
		got = append(got, c.String())
	}
	want := []string{
		"up/F=64/K=1", "up/F=1/K=64", "up/F=1/K=1", "up/F=1/K=64/train",
		"down/F=64/K=1", "down/F=1/K=64", "down/F=1/K=1", "down/F=1/K=64/train",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

func TestCellInJSON(t *testing.T) {
	want := bench.Cell{Direction: bench.ToClient, Flows: 1, Packets: 64, Train: true}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != `"down/F=1/K=64/train"` {
		t.Errorf("JSON: got %s", text)
	}
	var got bench.Cell
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("back from JSON: got %v (error %v), want %v", got, err, want)
	}
	if err := json.Unmarshal([]byte(`"up"`), &got); err == nil {
		t.Error(`cell "up" from JSON: got no error, want one`)
	}
}

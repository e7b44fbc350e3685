package bench

import (
	"os"
	"testing"
	"time"
)

func TestSpoiled(t *testing.T) {
	const slice = time.Second // of which others may have 20 ms
	before := disturbance{stolen: 7, others: map[int]time.Duration{1: time.Hour, 2: time.Second, 3: time.Minute}}
	tests := map[string]struct {
		after disturbance
		want  bool
	}{
		"nothing":              {disturbance{7, map[int]time.Duration{1: time.Hour, 2: time.Second, 3: time.Minute}}, false},
		"a little":             {disturbance{7, map[int]time.Duration{1: time.Hour + 10*time.Millisecond, 2: time.Second + 10*time.Millisecond, 3: time.Minute}}, false},
		"together too much":    {disturbance{7, map[int]time.Duration{1: time.Hour + 11*time.Millisecond, 2: time.Second + 10*time.Millisecond, 3: time.Minute}}, true},
		"one has ended":        {disturbance{7, map[int]time.Duration{1: time.Hour, 2: time.Second}}, false},
		"one has started":      {disturbance{7, map[int]time.Duration{1: time.Hour, 2: time.Second, 4: 21 * time.Millisecond}}, true},
		"the hypervisor stole": {disturbance{8, before.others}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := spoiled(before, tt.after, slice); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDisturbanceLeavesOut(t *testing.T) {
	own := os.Getpid()
	with, err := disturbanceBeside(nil)
	if err != nil {
		t.Fatal(err)
	}
	without, err := disturbanceBeside(map[int]bool{own: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := with.others[own]; !found || with.others[own] == 0 {
		t.Errorf("CPU time of this process: got %s, want some", with.others[own])
	}
	if _, found := without.others[own]; found {
		t.Error("this process was not left out")
	}
}

package bench

import (
	"runtime"
	"testing"
)

func TestCPUModel(t *testing.T) {
	tests := map[string]struct{ info, want string }{
		"x86":            {"processor\t: 0\nmodel\t\t: 1\nmodel name\t: Some CPU @ 3 GHz\nprocessor\t: 1\nmodel name\t: Other\n", "Some CPU @ 3 GHz"},
		"without a name": {"processor\t: 0\nBogoMIPS\t: 50.00\n", runtime.GOARCH},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cpuModel(tt.info); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

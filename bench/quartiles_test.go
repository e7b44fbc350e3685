package bench

import "testing"

func TestQuartiles(t *testing.T) {
	tests := map[string]struct {
		values []float64
		want   Quartiles
	}{
		"none":         {nil, Quartiles{}},
		"one":          {[]float64{7}, Quartiles{7, 7, 7}},
		"two":          {[]float64{4, 0}, Quartiles{1, 2, 3}},
		"odd":          {[]float64{5, 1, 3, 2, 4}, Quartiles{2, 3, 4}},
		"even":         {[]float64{40, 10, 30, 20}, Quartiles{17.5, 25, 32.5}},
		"an outlier":   {[]float64{1, 1, 1, 1, 1e9}, Quartiles{1, 1, 1}},
		"below zero":   {[]float64{-2, -1, 0}, Quartiles{-1.5, -1, -0.5}},
		"all the same": {[]float64{6, 6, 6, 6}, Quartiles{6, 6, 6}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := quartilesOf(tt.values); got != tt.want {
				t.Errorf("quartiles of %v: got %v, want %v", tt.values, got, tt.want)
			}
			if got := medianOf(tt.values); got != tt.want.Median {
				t.Errorf("median of %v: got %v, want %v", tt.values, got, tt.want.Median)
			}
		})
	}
}

func TestQuartilesLeaveTheirInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	quartilesOf(values)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("values after quartilesOf: got %v, want them unsorted", values)
	}
}

package bench

import "slices"

// Quartiles are a median and its spread.
type Quartiles struct {
	Low    float64 `json:"low"`
	Median float64 `json:"median"`
	High   float64 `json:"high"`
}

// quartilesOf interpolates between the values; without values all are 0.
func quartilesOf(values []float64) Quartiles {
	sorted := slices.Sorted(slices.Values(values))
	return Quartiles{
		Low:    quantile(sorted, 0.25),
		Median: quantile(sorted, 0.5),
		High:   quantile(sorted, 0.75),
	}
}

// medianOf sorts the values in place.
func medianOf(values []float64) float64 {
	slices.Sort(values)
	return quantile(values, 0.5)
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	position := q * float64(len(sorted)-1)
	i := int(position)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + (position-float64(i))*(sorted[i+1]-sorted[i])
}

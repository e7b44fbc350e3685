package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// maxLoss is the fraction of lost packets from which on a figure says nothing.
const maxLoss = 0.01

// Report is the outcome of one run. Only figures of the same report may be
// compared.
type Report struct {
	Machine      Machine       `json:"machine"`
	Date         time.Time     `json:"date"`
	PayloadBytes int           `json:"payload_bytes"`
	Transport    Transport     `json:"client_transport,omitempty"` // empty: UDP
	SliceMs      int64         `json:"slice_ms"`
	Servers      []Contender   `json:"servers"`
	Cells        []Measurement `json:"cells"`
	Costs        []Cost        `json:"costs,omitempty"`
}

// Contender is a server of the run.
type Contender struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Command string `json:"command"` // with its placeholders
}

// Measurement is one server in one cell. Times are nanoseconds per packet:
// medians over the bursts, and for the rounds medians over one slice.
type Measurement struct {
	Cell        Cell      `json:"cell"`
	Server      string    `json:"server"`
	BaselineNs  float64   `json:"baseline_ns"`
	TotalNs     float64   `json:"total_ns"`
	NetNs       float64   `json:"net_ns"` // TotalNs - BaselineNs
	NetRoundsNs []float64 `json:"net_rounds_ns"`
	Bursts      int       `json:"bursts"`  // that came through without loss
	Loss        float64   `json:"loss"`    // fraction of the packets
	Stalled     int       `json:"stalled"` // rounds in which no burst came through whole
}

// IsUsable reports whether too little was lost to matter.
func (m Measurement) IsUsable() bool { return m.Loss <= maxLoss && m.Stalled == 0 && m.Bursts > 0 }

// Cost is what one server pays for control, in its own CPU time and memory.
type Cost struct {
	Server                string    `json:"server"`
	Allocations           int       `json:"allocations"`
	SetupNs               Quartiles `json:"setup_ns"`               // Allocate ×2 and ChannelBind
	AllocationBytes       float64   `json:"allocation_bytes"`       // resident, with one channel
	RestShare             float64   `json:"rest_share"`             // of a CPU, while all that is left is to hold them
	UnauthenticatedNs     Quartiles `json:"unauthenticated_ns"`     // one answer 401
	UnauthenticatedLosses float64   `json:"unauthenticated_losses"` // fraction of the requests
}

// Err says which figures are unusable, nil: none.
func (r *Report) Err() error {
	for _, m := range r.Cells {
		if !m.IsUsable() {
			return fmt.Errorf("measure %s in %s: %.1f %% of the packets were lost and %d rounds stalled, so the figure says nothing",
				m.Server, m.Cell, 100*m.Loss, m.Stalled)
		}
	}
	return nil
}

// find returns the measurement of a server in a cell.
func (r *Report) find(c Cell, server string) (Measurement, bool) {
	for _, m := range r.Cells {
		if m.Cell == c && m.Server == server {
			return m, true
		}
	}
	return Measurement{}, false
}

// cells lists the cells in the order of their measurement.
func (r *Report) cells() []Cell {
	var cells []Cell
	seen := map[Cell]bool{}
	for _, m := range r.Cells {
		if !seen[m.Cell] {
			seen[m.Cell] = true
			cells = append(cells, m.Cell)
		}
	}
	return cells
}

// WriteJSON writes the report as one indented JSON object.
func (r *Report) WriteJSON(w io.Writer) error { return writeIndented(w, r) }

// writeIndented writes any report as JSON.
func writeIndented(w io.Writer, report any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("write report as JSON: %w", err)
	}
	return nil
}

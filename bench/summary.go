package bench

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteCells writes net cost, total and baseline of every cell of one server.
func (r *Report) WriteCells(w io.Writer) error {
	for _, server := range r.Servers {
		t := table{{server.Name, "net ns per packet", "quartiles of the rounds", "total", "baseline", "bursts", "lost"}}
		for _, c := range r.cells() {
			m, ok := r.find(c, server.Name)
			if !ok {
				continue
			}
			spread := quartilesOf(m.NetRoundsNs)
			t.row(c.String(), netCost(m), fmt.Sprintf("%.0f … %.0f", spread.Low, spread.High),
				fmt.Sprintf("%.0f", m.TotalNs), fmt.Sprintf("%.0f", m.BaselineNs),
				fmt.Sprint(m.Bursts), fmt.Sprintf("%.2f %%", 100*m.Loss))
		}
		if err := t.write(w); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	return writeOrigin(w, r.Machine, r.Date, r.PayloadBytes, r.Transport, r.Servers)
}

// WriteComparison writes what every server costs, and how that compares with
// the first one, the reference.
func (r *Report) WriteComparison(w io.Writer) error {
	reference := r.Servers[0].Name
	others := r.Servers[1:]

	costs := table{append([]string{"net ns per packet"}, names(r.Servers)...)}
	ratios := table{append([]string{"ratio to " + reference}, names(others)...)}
	for _, c := range r.cells() {
		row := []string{c.String()}
		for _, server := range r.Servers {
			row = append(row, r.netText(c, server.Name))
		}
		costs.row(row...)
		row = []string{c.String()}
		for _, server := range others {
			row = append(row, r.ratioText(c, server.Name, reference))
		}
		ratios.row(row...)
	}
	tables := []table{costs, ratios}
	if len(r.Costs) > 0 {
		tables = append(tables, r.controlTable())
	}
	for _, t := range tables {
		if err := t.write(w); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	return writeOrigin(w, r.Machine, r.Date, r.PayloadBytes, r.Transport, r.Servers)
}

// controlTable shows what allocations and refused requests cost, and in
// brackets the ratio to the first server.
func (r *Report) controlTable() table {
	t := table{{"control"}}
	resident := []string{fmt.Sprintf("resident bytes per allocation (of %d)", r.Costs[0].Allocations)}
	setup := []string{"CPU µs per allocation with channel"}
	rest := []string{"% of a CPU at rest"}
	refusal := []string{"CPU µs per answer 401"}
	first := r.Costs[0]
	for _, c := range r.Costs {
		t[0] = append(t[0], c.Server)
		resident = append(resident, withRatio("%.0f", c.AllocationBytes, first.AllocationBytes))
		setup = append(setup, withRatio("%.1f", c.SetupNs.Median/1e3, first.SetupNs.Median/1e3))
		rest = append(rest, withRatio("%.3f", 100*c.RestShare, 100*first.RestShare))
		if c.UnauthenticatedLosses > maxLoss {
			refusal = append(refusal, fmt.Sprintf("%.0f %% lost", 100*c.UnauthenticatedLosses))
			continue
		}
		refusal = append(refusal, withRatio("%.2f", c.UnauthenticatedNs.Median/1e3, first.UnauthenticatedNs.Median/1e3))
	}
	t.row(resident...)
	t.row(setup...)
	t.row(rest...)
	t.row(refusal...)
	return t
}

// writeOrigin says where figures come from.
func writeOrigin(w io.Writer, m Machine, date time.Time, payload int, clients Transport, servers []Contender) error {
	over := ""
	if clients.isStream() {
		over = fmt.Sprintf("; clients over %s, baseline over %s", clients, UDP)
	}
	_, err := fmt.Fprintf(w, "%s; %s; payload %d bytes%s.\n\n", m, date.Format("2006-01-02"), payload, over)
	for _, s := range servers {
		name := strings.TrimSpace(s.Name + " " + s.Version)
		_, writeErr := fmt.Fprintf(w, "- %s: `%s`\n", name, s.Command)
		err = errors.Join(err, writeErr)
	}
	return err
}

func (r *Report) netText(c Cell, server string) string {
	m, ok := r.find(c, server)
	if !ok {
		return "–"
	}
	return netCost(m)
}

func (r *Report) ratioText(c Cell, server, reference string) string {
	q, ok := r.ratio(c, server, reference)
	if !ok {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f … %.2f)", q.Median, q.Low, q.High)
}

func netCost(m Measurement) string {
	switch {
	case m.Stalled > 0:
		return "stalled"
	case !m.IsUsable():
		return fmt.Sprintf("%.0f %% lost", 100*m.Loss)
	}
	return fmt.Sprintf("%.0f", m.NetNs)
}

func names(servers []Contender) []string {
	var list []string
	for _, s := range servers {
		list = append(list, s.Name)
	}
	return list
}

func withRatio(format string, value, reference float64) string {
	text := fmt.Sprintf(format, value)
	if reference <= 0 || value == reference {
		return text
	}
	return fmt.Sprintf("%s (%.2f)", text, value/reference)
}

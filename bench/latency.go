package bench

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// LatencyOptions are the parameters of Latency.
type LatencyOptions struct {
	Servers     []Spec        // the first is the reference, whose capacity sets the load
	Flows       int           // that share the load
	Allocations int           // live ones beside those of the flows
	SetUps      float64       // allocations that come and go beside them, per second
	Rounds      int           // alternations of direct way and servers
	Slice       time.Duration // of each in one round
	Payload     int           // bytes
	CPU         int           // number of the CPU of the servers; negative: the last one
	Progress    Progress
}

// maxFlows is bounded by the descriptors of the generator.
const maxFlows = 1500

// maxSetUps per second is what one client that waits for every answer can do.
const maxSetUps = 2000

// shortestSlice still has some thousand packets.
const shortestSlice = 100 * time.Millisecond

func (o LatencyOptions) validate() error {
	switch {
	case len(o.Servers) == 0:
		return errors.New("no server to measure")
	case o.Flows < 1 || o.Flows > maxFlows:
		return fmt.Errorf("%d flows: a number from 1 to %d", o.Flows, maxFlows)
	case o.Allocations < 0 || o.Allocations > maxAllocations:
		return fmt.Errorf("%d allocations: a number from 0 to %d", o.Allocations, maxAllocations)
	case !(o.SetUps >= 0 && o.SetUps <= maxSetUps):
		return fmt.Errorf("%g set-ups per second: a number from 0 to %d", o.SetUps, maxSetUps)
	case o.Rounds < 1:
		return fmt.Errorf("%d rounds: at least one", o.Rounds)
	case o.Slice < shortestSlice:
		return fmt.Errorf("a slice of %s is too short: at least %s", o.Slice, shortestSlice)
	}
	return validatePayload(o.Payload)
}

// LatencyReport is the outcome of one run of Latency.
type LatencyReport struct {
	Machine      Machine     `json:"machine"`
	Date         time.Time   `json:"date"`
	PayloadBytes int         `json:"payload_bytes"`
	Flows        int         `json:"flows"`
	Allocations  int         `json:"allocations"`
	SetUps       float64     `json:"set_ups_per_second"` // that were asked for
	Rounds       int         `json:"rounds"`
	Servers      []Contender `json:"servers"`
	Latencies    []LatencyAt `json:"latencies"`
}

// LatencyAt is the time that packets took through one server at half of the
// reference's capacity. Added is beyond what the direct way takes at the same
// load, in one round; of the rounds it is the median, as a machine that stands
// still for a moment spoils the far quantiles of the round it falls into. What is
// rarer than a round, as a collector is, shows in the quantile of all packets only.
// Times are nanoseconds.
type LatencyAt struct {
	Server          string    `json:"server"`
	Direction       Direction `json:"direction"`
	CapacityPackets float64   `json:"capacity_packets_per_second"` // of the reference
	IsBound         bool      `json:"capacity_is_lower_bound"`     // the generator could not offer more
	OfferedPackets  float64   `json:"offered_packets_per_second"`
	Sent            int       `json:"sent"`
	Lost            int       `json:"lost"`
	AddedP50Ns      Quartiles `json:"added_p50_ns"`
	AddedP99Ns      Quartiles `json:"added_p99_ns"`
	AddedP999Ns     Quartiles `json:"added_p999_ns"`
	AllAddedP99Ns   float64   `json:"all_added_p99_ns"` // of the packets of all undisturbed rounds together
	SetUps          int       `json:"set_ups"`
	Collections     int       `json:"collections"` // of Go's collector, where the server tells them
	Repeated        int       `json:"repeated"`    // slices measured anew: the machine did something else
	Disturbed       int       `json:"disturbed"`   // slices that count although it did
}

// WriteTable writes the figures for people.
func (r *LatencyReport) WriteTable(w io.Writer) error {
	t := table{{"added latency, µs", "packets/s", "p50", "p99", "p99 of all", "p99.9", "lost", "set-ups", "collections", "disturbed"}}
	for _, l := range r.Latencies {
		t.row(fmt.Sprintf("%s, %s", l.Direction, l.Server), fmt.Sprintf("%.0f", l.OfferedPackets),
			microseconds(l.AddedP50Ns.Median), spreadMicroseconds(l.AddedP99Ns), microseconds(l.AllAddedP99Ns),
			spreadMicroseconds(l.AddedP999Ns), fmt.Sprintf("%d of %d", l.Lost, l.Sent), fmt.Sprint(l.SetUps), fmt.Sprint(l.Collections),
			fmt.Sprintf("%d of %d", l.Disturbed, r.Rounds))
	}
	if err := t.write(w); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%d flows beside %d live allocations and %.0f per second that come and go; the load is half of what %s can do.\n\n",
		r.Flows, r.Allocations, r.SetUps, r.Servers[0].Name); err != nil {
		return err
	}
	return writeOrigin(w, r.Machine, r.Date, r.PayloadBytes, UDP, r.Servers)
}

// WriteJSON writes the report as one indented JSON object.
func (r *LatencyReport) WriteJSON(w io.Writer) error { return writeIndented(w, r) }

func microseconds(ns float64) string { return fmt.Sprintf("%.1f", ns/1e3) }

func spreadMicroseconds(ns Quartiles) string {
	return fmt.Sprintf("%.1f (%.1f … %.1f)", ns.Median/1e3, ns.Low/1e3, ns.High/1e3)
}

package bench

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// voicePackets is how many packets a voice flow sends in a second.
const voicePackets = 50

// calmLoad is the part of the capacity at which nothing may be lost.
const calmLoad = 0.8

// FairnessOptions are the parameters of Fairness.
type FairnessOptions struct {
	Servers  []Spec
	Voices   int           // voice flows: one packet every 20 ms
	Duration time.Duration // of each measurement
	Payload  int           // bytes
	CPU      int           // number of the CPU of the servers; negative: the last one
	Progress Progress
}

func (o FairnessOptions) validate() error {
	switch {
	case len(o.Servers) == 0:
		return errors.New("no server to measure")
	case o.Voices < 1 || o.Voices >= maxFlows:
		return fmt.Errorf("%d voice flows: a number from 1 to %d", o.Voices, maxFlows-1)
	case o.Duration < trialTime:
		return fmt.Errorf("%s is too short: at least %s", o.Duration, trialTime)
	}
	return validatePayload(o.Payload)
}

// FairnessReport is the outcome of one run of Fairness.
type FairnessReport struct {
	Machine      Machine     `json:"machine"`
	Date         time.Time   `json:"date"`
	PayloadBytes int         `json:"payload_bytes"`
	Voices       int         `json:"voices"`
	Servers      []Contender `json:"servers"`
	Shares       []Share     `json:"shares"`
}

// Share is what voice flows and one bulk flow got on one server.
type Share struct {
	Server    string    `json:"server"`
	Direction Direction `json:"direction"`
	// CapacityPackets is what came through without loss of the same mixture, 0
	// where the bulk flow floods.
	CapacityPackets float64 `json:"capacity_packets_per_second"`
	IsBound         bool    `json:"capacity_is_lower_bound"`
	VoiceSent       int     `json:"voice_sent"`
	VoiceLost       int     `json:"voice_lost"`
	VoiceP99Ns      float64 `json:"voice_p99_ns"`
	BulkSent        int     `json:"bulk_sent"`
	BulkLost        int     `json:"bulk_lost"`
}

// load names how the bulk flow behaved.
func (s Share) load() string {
	switch {
	case s.CapacityPackets == 0:
		return "flood"
	case s.IsBound:
		return fmt.Sprintf("%.0f %% of at least %.0f/s", 100*calmLoad, s.CapacityPackets)
	}
	return fmt.Sprintf("%.0f %% of %.0f/s", 100*calmLoad, s.CapacityPackets)
}

// WriteTable writes the figures for people.
func (r *FairnessReport) WriteTable(w io.Writer) error {
	t := table{{"voice beside bulk", "load", "voice lost", "voice p99, µs", "bulk lost"}}
	for _, s := range r.Shares {
		t.row(fmt.Sprintf("%s, %s", s.Direction, s.Server), s.load(),
			fmt.Sprintf("%d of %d", s.VoiceLost, s.VoiceSent), microseconds(s.VoiceP99Ns),
			fmt.Sprintf("%d of %d", s.BulkLost, s.BulkSent))
	}
	if err := t.write(w); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%d voice flows of %d packets per second each and one bulk flow.\n\n", r.Voices, voicePackets); err != nil {
		return err
	}
	return writeOrigin(w, r.Machine, r.Date, r.PayloadBytes, UDP, r.Servers)
}

// WriteJSON writes the report as one indented JSON object.
func (r *FairnessReport) WriteJSON(w io.Writer) error { return writeIndented(w, r) }

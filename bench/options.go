package bench

import (
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// minRounds is how often direct way and servers alternate at least.
	minRounds = 5
	// longestSlice is when they alternate at the latest.
	longestSlice = 100 * time.Millisecond
	// minSlice holds a few bursts of any size.
	minSlice = time.Millisecond
	// trialTime is how long a rate is tried for a capacity.
	trialTime = 500 * time.Millisecond
	// minPayload has room for the tag of a burst, maxPayload for all headers
	// in one Ethernet frame.
	minPayload = 8
	maxPayload = 1400
	// maxAllocations is bounded by the ports of a relay address.
	maxAllocations = 50000
)

// DefaultPayload is that of a voice packet of 20 ms, in bytes.
const DefaultPayload = 172

// Progress is where the phases of a measurement are told; it may be nil.
type Progress func(line string)

func (p Progress) say(format string, args ...any) {
	if p != nil {
		p(fmt.Sprintf(format, args...))
	}
}

// ProgressTo writes each phase as a line. What cannot be written is lost.
func ProgressTo(w io.Writer) Progress {
	return func(line string) { _, _ = fmt.Fprintln(w, line) }
}

// ClosedLoopOptions are the parameters of ClosedLoop.
type ClosedLoopOptions struct {
	Server    Spec
	Transport Transport // of the clients
	Cells     []Cell
	Duration  time.Duration // of each cell, half of it for the baseline
	Payload   int           // bytes
	CPU       int           // number of the CPU; negative: the last one
	Progress  Progress
}

func (o ClosedLoopOptions) validate() error {
	if o.Server.Command == "" {
		return errors.New("no command of a server")
	}
	if o.Duration < 2*minRounds*minSlice {
		return fmt.Errorf("%s for each cell is too short: at least %s", o.Duration, 2*minRounds*minSlice)
	}
	return errors.Join(validateCells(o.Cells, o.Transport), validatePayload(o.Payload))
}

// CompareOptions are the parameters of Compare.
type CompareOptions struct {
	Servers     []Spec    // the first is the reference
	Transport   Transport // of the clients; over a stream the costs of control are not measured
	Cells       []Cell
	Rounds      int           // alternations of each cell
	Slice       time.Duration // of one server in one round
	Payload     int           // bytes
	CPU         int           // number of the CPU; negative: the last one
	Allocations int           // for the costs of control; 0: not measured
	Rest        time.Duration // before the memory is read
	Progress    Progress
}

func (o CompareOptions) validate() error {
	switch {
	case len(o.Servers) < 2:
		return errors.New("nothing to compare: give at least two servers")
	case o.Rounds < minRounds:
		return fmt.Errorf("%d rounds are too few: at least %d", o.Rounds, minRounds)
	case o.Slice < minSlice:
		return fmt.Errorf("a slice of %s is too short: at least %s", o.Slice, minSlice)
	case o.Allocations > 0 && o.Transport.isStream():
		return errors.New("the costs of control are measured over UDP: ask for 0 allocations")
	case o.Allocations < 0 || o.Allocations > maxAllocations:
		return fmt.Errorf("%d allocations: a number from 0 to %d", o.Allocations, maxAllocations)
	}
	return errors.Join(validateCells(o.Cells, o.Transport), validatePayload(o.Payload))
}

func validateCells(cells []Cell, t Transport) error {
	if len(cells) == 0 {
		return errors.New("no cells to measure")
	}
	for _, c := range cells {
		if _, err := ParseCell(c.String()); err != nil {
			return err
		}
		if c.Train && t.isStream() {
			return fmt.Errorf("cell %s: a stream has no trains", c)
		}
	}
	return nil
}

func validatePayload(bytes int) error {
	if bytes < minPayload || bytes > maxPayload {
		return fmt.Errorf("payload of %d bytes: a number from %d to %d", bytes, minPayload, maxPayload)
	}
	return nil
}

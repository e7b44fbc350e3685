package bench

import (
	"fmt"
	"strconv"
	"strings"
)

// maxBurst bounds the packets of a burst. Socket buffers of the default size
// hold some 200 small packets; more of them at once measure loss.
const maxBurst = 4096

// Cell is one kind of burst. Its text form names it in flags and reports:
// "up/F=64/K=1", "down/F=1/K=64/train".
type Cell struct {
	Direction Direction
	Flows     int  // F: allocations that take part, each with one channel
	Packets   int  // K: packets in a row on each flow
	Train     bool // the sender uses UDP_SEGMENT and the receiver UDP_GRO
}

// DefaultCells are 64 sparse flows, one dense flow, one packet per wake-up and
// one dense flow in trains, each in both directions.
func DefaultCells() []Cell {
	var cells []Cell
	for _, d := range []Direction{ToPeer, ToClient} {
		cells = append(cells,
			Cell{Direction: d, Flows: 64, Packets: 1},
			Cell{Direction: d, Flows: 1, Packets: 64},
			Cell{Direction: d, Flows: 1, Packets: 1},
			Cell{Direction: d, Flows: 1, Packets: 64, Train: true})
	}
	return cells
}

// ParseCell reads the text form of a cell.
func ParseCell(text string) (Cell, error) {
	var c Cell
	fields := strings.Split(text, "/")
	if len(fields) == 4 && fields[3] == "train" {
		c.Train = true
		fields = fields[:3]
	}
	if len(fields) != 3 {
		return Cell{}, fmt.Errorf("parse cell %q: not of the form up/F=64/K=1 or up/F=1/K=64/train", text)
	}
	switch c.Direction = Direction(fields[0]); c.Direction {
	case ToPeer, ToClient:
	default:
		return Cell{}, fmt.Errorf("parse cell %q: direction %q is neither %s nor %s", text, fields[0], ToPeer, ToClient)
	}
	var err error
	if c.Flows, err = parseCount(fields[1], "F="); err != nil {
		return Cell{}, fmt.Errorf("parse cell %q: %w", text, err)
	}
	if c.Packets, err = parseCount(fields[2], "K="); err != nil {
		return Cell{}, fmt.Errorf("parse cell %q: %w", text, err)
	}
	if c.burst() > maxBurst {
		return Cell{}, fmt.Errorf("parse cell %q: more than %d packets in a burst", text, maxBurst)
	}
	return c, nil
}

func parseCount(field, prefix string) (int, error) {
	digits, ok := strings.CutPrefix(field, prefix)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > maxBurst {
		return 0, fmt.Errorf("%q is not %s and a number from 1 to %d", field, prefix, maxBurst)
	}
	return n, nil
}

// burst is the number of packets in one burst.
func (c Cell) burst() int { return c.Flows * c.Packets }

// String returns the text form.
func (c Cell) String() string {
	text := fmt.Sprintf("%s/F=%d/K=%d", c.Direction, c.Flows, c.Packets)
	if c.Train {
		text += "/train"
	}
	return text
}

// MarshalText makes JSON hold the text form.
func (c Cell) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the text form.
func (c *Cell) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCell(string(text))
	return err
}

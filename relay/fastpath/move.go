package fastpath

import (
	"bytes"
	"fmt"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// Baggage is what an allocation takes along when it moves to another address of
// its client, or to another worker. What control code knows is not in it:
// permissions, channels, limits and lifetime are given anew.
type Baggage struct {
	Relay   *udpbatch.Conn
	traffic Traffic
	paced   [numDirections]int64
	notices int64
}

// Traffic is what the allocation has relayed so far.
func (b *Baggage) Traffic() Traffic { return b.traffic }

// Depart removes an allocation with all its entries, as Withdraw does, but leaves
// its relay socket open and to the caller, for Publish on whichever worker. What
// peers send meanwhile waits in the socket. Nothing of the allocation may be on
// its way: only functions given to Post may call it.
func (w *Worker) Depart(id AllocationID) (Baggage, error) {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return Baggage{}, fmt.Errorf("depart: %w", ErrNoAllocation)
	}
	b := Baggage{Relay: w.relays[id], traffic: a.traffic, paced: a.paced, notices: a.notices}
	// It fails only for a socket that is not in the set.
	_ = w.poller.Remove(b.Relay)
	w.remove(id, a)
	return b, nil
}

// remove takes an allocation out of the tables and off its client's stream.
func (w *Worker) remove(id AllocationID, a *allocation) {
	t := &w.streams
	if s := t.byIndex[a.stream]; s != nil {
		s.allocations--
		s.heard = w.mono
		if s.allocation == id {
			s.allocation = a.twin
		}
	} else if a.stream != 0 && a.twin == 0 {
		t.free = append(t.free, a.stream) // kept since the stream was closed
	}
	w.tables.removeAllocation(id)
	w.relays[id] = nil
}

// unpack gives an allocation what it brought along.
func (a *allocation) unpack(b *Baggage) {
	a.traffic, a.paced, a.notices = b.traffic, b.paced, b.notices
}

// replyVia lets the worker answer whose client it is.
func (w *Worker) replyVia(to *Message, answer []byte) {
	back, copied := *to, bytes.Clone(answer)
	back.Via, back.Data = nil, nil
	if to.Via.Post(func(w *Worker) { w.Reply(&back, copied) }) != nil {
		w.counters.drop(DropNoBuffers)
	}
}

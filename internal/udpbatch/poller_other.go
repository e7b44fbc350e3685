//go:build !linux || portable

package udpbatch

import (
	"slices"
	"sync"
	"time"
)

// Poller is the set of sockets that one goroutine waits for. A socket from
// which not everything was received is reported again. Only Wake may be called
// from other goroutines.
type Poller struct {
	limit  int
	signal chan struct{} // holds at most one token: something is ready, or Wake
	found  []Event

	mu      sync.Mutex
	ready   []*watch          // guarded by mu
	streams map[uint32]*watch // by token; guarded by mu
	wake    bool              // guarded by mu
	woken   bool              // owned by the waiting goroutine
}

// NewPoller makes a set that reports at most so many events at once.
func NewPoller(events int) (*Poller, error) {
	return &Poller{
		limit:   events,
		signal:  make(chan struct{}, 1),
		found:   make([]Event, 0, events),
		streams: make(map[uint32]*watch),
	}, nil
}

// Add watches a socket. The token comes back with its events; its largest value
// is taken.
func (p *Poller) Add(c *Conn, token uint32) error {
	if c.udp == nil {
		return nil
	}
	w := &watch{poller: p, token: token, conn: c}
	c.poller.Store(w)
	p.notify(w) // the reader may have queued something already
	return nil
}

// Remove stops watching a socket that stays open. Closing does it too.
func (p *Poller) Remove(c *Conn) error {
	if w := c.poller.Swap(nil); w != nil {
		p.forget(w)
	}
	return nil
}

// notify puts a socket into the list of those that are ready.
func (p *Poller) notify(w *watch) {
	p.mu.Lock()
	if !w.ready && !w.gone {
		w.ready = true
		p.ready = append(p.ready, w)
	}
	p.mu.Unlock()
	p.tell()
}

func (p *Poller) forget(w *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.gone = true
	p.ready = slices.DeleteFunc(p.ready, func(other *watch) bool { return other == w })
}

func (p *Poller) tell() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// Wait waits for at least one event, for Wake, or until the time is over, and
// returns the number of events. Event and Woken speak of what it found.
func (p *Poller) Wait(timeout time.Duration) (int, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		if p.collect(); len(p.found) > 0 || p.woken {
			return len(p.found), nil
		}
		select {
		case <-p.signal:
		case <-timer.C:
			return 0, nil
		}
	}
}

// Hold does nothing: here Wait is a wait for a channel.
func (p *Poller) Hold(time.Duration) {}

// Guess does nothing: a Wait lets nobody run before it sleeps.
func (p *Poller) Guess(func() bool) {}

// collect takes what is ready.
func (p *Poller) collect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken, p.wake = p.wake, false
	p.found = p.found[:0]
	taken := min(len(p.ready), p.limit)
	looked := p.ready[:taken]
	p.ready = slices.Clone(p.ready[taken:])
	for _, w := range looked {
		e, found := w.event()
		if found {
			p.found = append(p.found, e)
		}
		if w.ready = found && w.stream != nil; w.ready {
			p.ready = append(p.ready, w) // a Stream is looked at until nothing is left
		}
	}
}

// Event returns event i of the last Wait.
func (p *Poller) Event(i int) Event { return p.found[i] }

// Woken reports whether Wake was called before the last Wait returned.
func (p *Poller) Woken() bool { return p.woken }

// Wake ends the Wait under way, or the next one. It may be called from any
// goroutine, also after Close.
func (p *Poller) Wake() {
	p.mu.Lock()
	p.wake = true
	p.mu.Unlock()
	p.tell()
}

// Close closes the set, not the sockets in it.
func (p *Poller) Close() error { return nil }

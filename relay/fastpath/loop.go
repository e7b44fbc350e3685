package fastpath

import (
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// tickInterval is how often Tick is called, and the longest that a worker
// sleeps.
const tickInterval = time.Second

// listenerToken is set in the poller's tokens of listening sockets, whose rest
// is a ListenerID. The others are the AllocationID of a relay socket.
const listenerToken = 1 << 31

// round serves everything that is ready, once: clients, then peers, then posted
// functions, then the tick. Whatever is queued for sending in one of these steps
// is sent in that step, so control code never changes entries under a packet.
func (w *Worker) round() error {
	timeout := time.Duration(max(0, w.nextTick-w.mono))
	if w.inbox.more {
		timeout = 0
	}
	events, err := w.poller.Wait(timeout)
	if err != nil {
		return err
	}
	w.readClock()
	for i := range events {
		if e := w.poller.Event(i); e.Token&listenerToken != 0 {
			w.serveListener(ListenerID(e.Token &^ listenerToken))
		}
	}
	for i := range events {
		if e := w.poller.Event(i); e.Token&listenerToken == 0 {
			w.serveRelay(e)
		}
	}
	w.flushClients()
	if w.inbox.more || w.poller.Woken() {
		w.inbox.run(w)
	}
	if w.mono >= w.nextTick {
		w.tick()
	}
	w.flushClients()
	w.publishCounters()
	return nil
}

// readClock sets the time for all packets of a round.
func (w *Worker) readClock() {
	w.mono = w.clock.monotonic()
	w.boot = w.clock.boot(w.mono)
}

func (w *Worker) tick() {
	w.clock.resync()
	used := udpbatch.ThreadTime()
	w.counters.add(countBusy, uint64(used-w.threadTime))
	w.threadTime = used
	w.nextTick = w.mono + int64(tickInterval)
	if w.cfg.Tick != nil {
		w.cfg.Tick(w, time.Now())
	}
}

func (w *Worker) publishCounters() {
	w.counters.add(countWakeups, 1)
	w.counters.set(countAllocations, w.tables.allocations.used)
	w.counters.set(countPermissions, w.tables.permissions.used)
	w.counters.set(countChannels, w.tables.channels.used)
	gso, gro := w.offloads.inUse()
	w.counters.set(countGSO, gso)
	w.counters.set(countGRO, gro)
	w.counters.publish()
}

package fastpath

import (
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// tickInterval is how often Tick is called, and the longest that a worker sleeps;
// where nothing comes and Tick has nothing to look after, calmInterval is. Each time
// that a thread comes back from a sleep wakes the Go runtime's monitor, and that looks
// after it some 60 times before it sleeps again, which is most of what an idle server
// costs.
const (
	tickInterval = time.Second
	calmInterval = 5 * time.Second
)

// listenerToken is set in the poller's tokens of listening sockets, whose rest
// is a ListenerID, and streamToken in those of streams, whose rest is their
// place. The others are the AllocationID of a relay socket.
const (
	listenerToken = 1 << 31
	streamToken   = 1 << 30
)

// round serves everything that is ready, once: clients, then peers, then posted
// functions, then the tick. Whatever is queued for sending in one of these steps
// is sent in that step, so control code never changes entries under a packet.
func (w *Worker) round() error {
	until := w.nextTick
	if w.breaks.isOn() {
		until = min(until, w.breaks.over)
	}
	timeout := time.Duration(max(0, until-w.mono))
	if w.inbox.more || len(w.streams.again) > 0 {
		timeout = 0
	}
	events, err := w.poller.Wait(timeout)
	if err != nil {
		return err
	}
	w.readClock()
	if events > 0 {
		w.lone.saw(events, w.poller.Event(0))
	}
	if events > 0 || w.poller.Woken() {
		w.stir()
	}
	for i := range events {
		switch e := w.poller.Event(i); {
		case e.Token&listenerToken != 0:
			w.serveListener(ListenerID(e.Token &^ listenerToken))
		case e.Token&streamToken != 0:
			w.serveStreamEvent(e.Token&^streamToken, e.Readable, e.Writable, e.Failed)
		}
	}
	w.serveStreamsAgain()
	for i := range events {
		if e := w.poller.Event(i); e.Token&(listenerToken|streamToken) == 0 {
			w.serveRelay(e)
		}
	}
	w.sendWaiting()
	if w.inbox.more || w.poller.Woken() {
		w.inbox.run(w)
	}
	if w.breaks.isOn() && w.mono >= w.breaks.over {
		w.breaks.end(w)
	}
	if w.mono >= w.nextTick {
		w.tick()
	}
	w.sendWaiting()
	if w.dtls.waiting {
		w.sendPassedOn()
	}
	w.publishCounters()
	return nil
}

// sendWaiting sends all that waits for clients, and closes the streams that
// ended meanwhile: nothing refers to them now.
func (w *Worker) sendWaiting() {
	w.flushClients()
	w.flushStreams()
	w.reapStreams()
	if len(w.down.touched) > 0 {
		w.flushClients() // goodbyes
	}
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
	calm := !w.stirred && w.streams.isEmpty()
	if w.cfg.Tick != nil && !w.cfg.Tick(w, time.Now()) {
		calm = false
	}
	w.sweepStreams()
	w.stirred = false
	w.nextTick = w.next(tickInterval)
	if calm {
		w.nextTick = w.next(calmInterval)
	}
}

// next is the next multiple of an interval: the same moment for all workers, so that
// an idle process wakes up once.
func (w *Worker) next(interval time.Duration) int64 {
	return (w.mono/int64(interval) + 1) * int64(interval)
}

// stir ends the calm: what comes may be due within a second.
func (w *Worker) stir() {
	w.stirred = true
	w.nextTick = min(w.nextTick, w.next(tickInterval))
}

func (w *Worker) publishCounters() {
	w.counters.add(countWakeups, 1)
	w.counters.set(countAllocations, w.tables.allocations.used)
	w.counters.set(countPermissions, w.tables.permissions.used)
	w.counters.set(countChannels, w.tables.channels.used)
	w.counters.set(countStreamsTCP, w.streams.open[TransportTCP])
	w.counters.set(countStreamsTLS, w.streams.open[TransportTLS])
	w.counters.set(countStreamsDTLS, w.streams.open[TransportDTLS])
	gso, gro := w.offloads.inUse()
	w.counters.set(countGSO, gso)
	w.counters.set(countGRO, gro)
	w.counters.publish()
}

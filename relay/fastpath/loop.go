package fastpath

import (
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// tickInterval is how often Tick is called, and the longest that a worker
// sleeps.
const tickInterval = time.Second

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
	timeout := time.Duration(max(0, w.nextTick-w.mono))
	if w.inbox.more || len(w.streams.again) > 0 {
		timeout = 0
	}
	events, err := w.poller.Wait(timeout)
	if err != nil {
		return err
	}
	w.readClock()
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
	// All workers at the same time, so that an idle process wakes up once.
	w.nextTick = (w.mono/int64(tickInterval) + 1) * int64(tickInterval)
	if w.cfg.Tick != nil {
		w.cfg.Tick(w, time.Now())
	}
	w.sweepStreams()
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

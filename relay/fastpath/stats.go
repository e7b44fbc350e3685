package fastpath

import (
	"sync/atomic"
	"time"
)

// Stats is a snapshot of a worker's counters since its start. Bytes are payload
// bytes.
type Stats struct {
	ToPeerPackets, ToPeerBytes     uint64
	ToClientPackets, ToClientBytes uint64

	Messages uint64 // STUN messages handed to Control
	Replies  uint64 // answers sent

	RecvCalls, SendCalls uint64        // system calls for datagrams
	Wakeups              uint64        // rounds of the loop
	Notices              uint64        // ICMP errors that peers caused
	NoticesTold          uint64        // of them, those that clients were told
	Segmented, Segments  uint64        // messages that the kernel segmented, packets in them
	Refused              uint64        // messages that it did not segment, sent packet by packet
	Trains, TrainPackets uint64        // trains received, packets in them
	GSO, GRO             bool          // in use, as far as settings and kernel go
	Busy                 time.Duration // processor time of the thread, as of the last tick

	Allocations, Permissions, Channels uint64 // live now

	StreamsTCP, StreamsTLS, StreamsDTLS uint64 // open now

	HelloVerifies uint64 // strangers that were asked for a cookie
	Moves         uint64 // clients of DTLS that went on from another address

	Drops         [NumDropReasons]uint64
	StreamsClosed [NumCloseReasons]uint64
}

// counter numbers what a worker counts.
type counter uint8

const (
	countToPeerPackets counter = iota
	countToPeerBytes
	countToClientPackets
	countToClientBytes
	countMessages
	countReplies
	countRecvCalls
	countSendCalls
	countWakeups
	countNotices
	countNoticesTold
	countBusy
	countSegmented
	countSegments
	countRefused
	countTrains
	countTrainPackets
	countGSO
	countGRO
	countAllocations
	countPermissions
	countChannels
	countStreamsTCP
	countStreamsTLS
	countStreamsDTLS
	countHelloVerifies
	countDTLSMoves
	countDrops // the first of NumDropReasons

	countClosed = countDrops + counter(NumDropReasons) // the first of NumCloseReasons
	numCounters = int(countClosed) + NumCloseReasons
)

// counters are counted in plain memory by the worker and published to atomics
// once for each round, which only it writes. The padding keeps neighbours off
// the cache lines that the worker writes.
type counters struct {
	local [numCounters]uint64
	_     [64]byte
	total [numCounters]atomic.Uint64
	_     [64]byte
}

func (c *counters) add(n counter, delta uint64) { c.local[n] += delta }

// take undoes an add of the same round.
func (c *counters) take(n counter, delta uint64) { c.local[n] -= delta }

func (c *counters) drop(r DropReason) { c.dropMany(r, 1) }

func (c *counters) dropMany(r DropReason, packets int) {
	c.local[countDrops+counter(r)] += uint64(packets)
}

// publish adds what was counted since the last call.
func (c *counters) publish() {
	for i, delta := range &c.local {
		if delta != 0 {
			c.total[i].Add(delta)
			c.local[i] = 0
		}
	}
}

// set publishes a value that goes up and down.
func (c *counters) set(n counter, value int) {
	if now := uint64(value); c.total[n].Load() != now {
		c.total[n].Store(now)
	}
}

// Stats returns the counters as of the last finished round. Any goroutine may
// call it.
func (w *Worker) Stats() Stats {
	get := func(n counter) uint64 { return w.counters.total[n].Load() }
	s := Stats{
		ToPeerPackets:   get(countToPeerPackets),
		ToPeerBytes:     get(countToPeerBytes),
		ToClientPackets: get(countToClientPackets),
		ToClientBytes:   get(countToClientBytes),
		Messages:        get(countMessages),
		Replies:         get(countReplies),
		RecvCalls:       get(countRecvCalls),
		SendCalls:       get(countSendCalls),
		Wakeups:         get(countWakeups),
		Notices:         get(countNotices),
		NoticesTold:     get(countNoticesTold),
		Busy:            time.Duration(get(countBusy)),
		Segmented:       get(countSegmented),
		Segments:        get(countSegments),
		Refused:         get(countRefused),
		Trains:          get(countTrains),
		TrainPackets:    get(countTrainPackets),
		GSO:             get(countGSO) > 0,
		GRO:             get(countGRO) > 0,
		Allocations:     get(countAllocations),
		Permissions:     get(countPermissions),
		Channels:        get(countChannels),
		StreamsTCP:      get(countStreamsTCP),
		StreamsTLS:      get(countStreamsTLS),
		StreamsDTLS:     get(countStreamsDTLS),
		HelloVerifies:   get(countHelloVerifies),
		Moves:           get(countDTLSMoves),
	}
	for i := range s.Drops {
		s.Drops[i] = get(countDrops + counter(i))
	}
	for i := range s.StreamsClosed {
		s.StreamsClosed[i] = get(countClosed + counter(i))
	}
	return s
}

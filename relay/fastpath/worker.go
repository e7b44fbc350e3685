package fastpath

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// Config is what a worker is made of.
type Config struct {
	// ID numbers the workers from 0; it is the place of the worker's sockets in
	// their groups.
	ID int

	// Control gets the STUN messages that are for control code, once for each
	// batch.
	Control Control

	// Tick, when set, is called on the worker's thread about once a second. It reports
	// whether, as long as nothing comes, the next call may be some seconds later.
	Tick func(w *Worker, now time.Time) (calm bool)

	// PeerAllowed is asked about each datagram to, and each datagram or train
	// from, a peer whose permission or channel was published with byPort, with
	// the allocation and the peer's local address where it has an alias, on the
	// worker's thread. It must be set if byPort is used.
	PeerAllowed func(id AllocationID, peer netip.AddrPort) bool

	// Streams bounds what clients of TCP, TLS and DTLS may take.
	Streams StreamLimits

	// TCPRelay makes the worker look at nothing behind a ConnectionBind request
	// (RFC 6062) until Control has decided about it.
	TCPRelay bool

	// StreamClosed, when set, is called on the worker's thread when a stream is
	// closed, with a message that has no data: control code withdraws the
	// allocations of its client.
	StreamClosed func(w *Worker, from *Message)

	// Arrived is called on the worker's thread for each datagram for peers that a
	// client sends whom Expect named, in the midst of a batch: it may copy and post.
	// What it does not keep is dropped. It must be set if Expect is used.
	Arrived func(w *Worker, from *Message) (kept bool)

	// Clients says who may be a client; nil: everybody. It is asked about each
	// ClientHello, each new address of a client of DTLS, and streams, never about
	// what is relayed.
	Clients *access.Gate

	// DTLS says how clients of DTLS are served, whose limits are those of Streams.
	DTLS DTLS

	// Buckets holds the token buckets that allocations name; may be nil if
	// none does.
	Buckets *bucket.Array

	// WideChannelNumbers admits 0x5000-0x7FFF, the numbers that RFC 5766 had
	// in addition to those of RFC 8656.
	WideChannelNumbers bool

	// ICMPIndications tells clients of the ICMP errors that their datagrams cause.
	ICMPIndications bool

	// HoldProcessor lets the worker keep the Go scheduler's processor while it
	// waits for packets that are likely to come soon. Only where GOMAXPROCS is
	// larger than the number of workers.
	HoldProcessor bool
}

// Control handles a batch of STUN messages on the worker's thread. It must not
// wait. Messages and their bytes are valid until it returns.
type Control func(w *Worker, batch []Message)

// Worker is one thread of the data plane. See the package's text for who may
// call what.
type Worker struct {
	cfg      Config
	poller   *udpbatch.Poller
	inbox    inbox
	breaks   breaks // owned by the worker's thread
	stopping atomic.Bool
	counters counters

	// All below is owned by the worker's thread.

	clock    clock
	mono     int64 // monotonic time of this round, ns
	boot     int64 // boot time of this round, ns
	nextTick int64 // monotonic time, ns
	stirred  bool  // something came since the last tick

	threadTime time.Duration // of this thread, at the last tick

	tables    tables
	relays    []*udpbatch.Conn // relay sockets by AllocationID
	ways      []udpbatch.Addr  // likewise: the proxies in front of clients, where there are any
	listeners []*listener      // by ListenerID; nil where there is none
	aliases   []alias
	offloads  offloads
	streams   streams
	expected  map[clientID]struct{} // whom Expect named
	dtls      dtlsTable
	lone      lone

	up      uplink
	down    downlink
	control control
	ids     *rand.ChaCha8     // transaction ids of Data indications
	notices *udpbatch.Notices // of the relay socket being served; nil: not told to clients
	told    wire.Builder
}

// holdTime is the longest pause between packets of which a worker makes nothing:
// as long as the runtime lets a system call keep its processor unasked.
const holdTime = 10 * time.Millisecond

// eventsPerPoll bounds the sockets served in one round.
const eventsPerPoll = 128

// NewWorker makes a worker. Run ends it and frees what it holds; a worker that
// is never run is freed by Close.
func NewWorker(cfg Config) (*Worker, error) {
	w := &Worker{
		cfg:      cfg,
		clock:    newClock(),
		tables:   newTables(),
		offloads: newOffloads(),
		ids:      newIDs(),
		streams:  newStreams(cfg.Streams),
		expected: make(map[clientID]struct{}),
		dtls:     newDTLSTable(cfg.DTLS),
	}
	var err error
	if w.poller, err = udpbatch.NewPoller(eventsPerPoll); err != nil {
		return nil, err
	}
	err = errors.Join(w.up.open(), w.down.open())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open worker %d: %w", cfg.ID, err), w.Close())
	}
	if cfg.ICMPIndications {
		w.notices = udpbatch.NewNotices()
	}
	if cfg.HoldProcessor {
		w.poller.Hold(holdTime)
	}
	w.poller.Guess(w.serveLone)
	w.up.send.SetSegmentation(w.offloads.segmentation)
	w.control.open()
	w.readClock()
	return w, nil
}

// ID returns the worker's number.
func (w *Worker) ID() int { return w.cfg.ID }

// Run forwards until ctx is done, on a thread of its own. Functions posted by
// then are called before it returns; then the worker's relay sockets are closed
// and its memory is freed. Its listening sockets are not: they belong to their
// groups.
func (w *Worker) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	udpbatch.NameThread(fmt.Sprintf("worker-%d", w.cfg.ID))
	stop := context.AfterFunc(ctx, func() {
		w.stopping.Store(true)
		w.poller.Wake()
	})
	defer stop()
	var err error
	for err == nil && !w.stopping.Load() {
		err = w.round()
	}
	w.inbox.close()
	for w.inbox.more = true; w.inbox.more || w.breaks.isOn(); {
		w.inbox.run(w)
		w.breaks.end(w)
	}
	return errors.Join(err, w.Close())
}

// Post calls f on the worker's thread, after the packets at hand. It never
// waits.
func (w *Worker) Post(f func(*Worker)) error {
	wake, err := w.inbox.put(f)
	if wake {
		w.poller.Wake()
	}
	return err
}

// AfterBreak calls f on the worker's thread after a break in which packets have it to
// themselves: work that has to look at many allocations goes on so, in pieces. The
// pieces of an end follow one another without. It is for the worker's thread.
func (w *Worker) AfterBreak(f func(*Worker)) { w.breaks.add(f, w.clock.monotonic()) }

// Close closes the relay sockets and frees the memory of a worker that does not
// run. Run does it at its end.
func (w *Worker) Close() error {
	w.inbox.close()
	w.closeStreams()
	var errs []error
	for i, c := range w.relays {
		if c != nil {
			errs = append(errs, c.Close())
			w.relays[i] = nil
		}
	}
	return errors.Join(append(errs, w.up.close(), w.down.close(), w.poller.Close())...)
}

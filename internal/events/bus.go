package events

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
)

const (
	// queueLength is how many events wait for one sink: a burst of a busy server,
	// about 4 MiB.
	queueLength = 16384
	// batchLength bounds one delivery.
	batchLength = 100
	// lastMoment is what sinks get for what is queued when the server stops.
	lastMoment = 2 * time.Second
)

// retries are the pauses between the attempts to deliver a batch.
var retries = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// Sink delivers events somewhere.
type Sink interface {
	// Name labels metrics.
	Name() string
	// Deliver hands over a batch, in order. It returns soon after ctx ends. An
	// error that wraps ErrRefused is final; after any other one the batch is
	// tried again.
	Deliver(ctx context.Context, batch []Event) error
	// Close gives up what the sink holds.
	Close() error
}

// Bus hands events to sinks. A nil Bus has none.
type Bus struct {
	lanes []*lane
	log   *zap.Logger
}

// lane is the queue of one sink.
type lane struct {
	sink      Sink
	queue     chan Event
	delivered atomic.Uint64
	dropped   atomic.Uint64
	isFailing bool // owned by run; the operator was told
}

// New returns a Bus that delivers to the sinks, which it then owns.
func New(log *zap.Logger, sinks ...Sink) *Bus {
	b := &Bus{log: log.Named("events")}
	for _, sink := range sinks {
		b.lanes = append(b.lanes, &lane{sink: sink, queue: make(chan Event, queueLength)})
	}
	return b
}

// IsOn reports whether anybody listens.
func (b *Bus) IsOn() bool { return b != nil && len(b.lanes) > 0 }

// Publish queues an event for every sink. It never waits.
func (b *Bus) Publish(e Event) {
	for _, l := range b.lanes {
		select {
		case l.queue <- e:
		default:
			l.dropped.Add(1)
		}
	}
}

// Run delivers until ctx is done.
func (b *Bus) Run(ctx context.Context) {
	var sinks sync.WaitGroup
	for _, l := range b.lanes {
		sinks.Go(func() {
			b.deliver(ctx, l)
			l.sink.Close()
		})
	}
	sinks.Wait()
}

// deliver works one queue off; after ctx is done it has a last moment.
func (b *Bus) deliver(ctx context.Context, l *lane) {
	var batch []Event
	for {
		select {
		case e := <-l.queue:
			batch = fill(append(batch[:0], e), l.queue)
			b.hand(ctx, l, batch)
			continue
		case <-ctx.Done():
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoment)
		defer cancel()
		for last.Err() == nil {
			if batch = fill(batch[:0], l.queue); len(batch) == 0 {
				return
			}
			b.hand(last, l, batch)
		}
		l.dropped.Add(uint64(len(l.queue)))
		return
	}
}

// fill adds what is queued, up to a batch.
func fill(batch []Event, queue <-chan Event) []Event {
	for len(batch) < batchLength {
		select {
		case e := <-queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// hand delivers one batch, with retries, and counts it.
func (b *Bus) hand(ctx context.Context, l *lane, batch []Event) {
	err := l.sink.Deliver(ctx, batch)
	for _, pause := range retries {
		if err == nil || isFinal(err) || ctx.Err() != nil {
			break
		}
		b.tell(l, err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		err = l.sink.Deliver(ctx, batch)
	}
	if err != nil {
		l.dropped.Add(uint64(len(batch)))
		b.tell(l, err)
		return
	}
	l.delivered.Add(uint64(len(batch)))
	if l.isFailing {
		l.isFailing = false
		b.log.Info("events are delivered again", zap.String("sink", l.sink.Name()))
	}
}

// tell logs the first of a row of failures.
func (b *Bus) tell(l *lane, err error) {
	if !l.isFailing {
		l.isFailing = true
		b.log.Warn("events are not delivered; they are dropped when the queue is full", zap.String("sink", l.sink.Name()), logging.Err(err))
	}
}

// Stats tells about one sink.
type Stats struct {
	Sink      string
	Delivered uint64
	Dropped   uint64
	Waiting   int
}

// Stats returns the counters of every sink.
func (b *Bus) Stats() []Stats {
	if b == nil {
		return nil
	}
	var stats []Stats
	for _, l := range b.lanes {
		stats = append(stats, Stats{
			Sink: l.sink.Name(), Delivered: l.delivered.Load(), Dropped: l.dropped.Load(), Waiting: len(l.queue),
		})
	}
	return stats
}

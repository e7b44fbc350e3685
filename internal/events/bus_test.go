package events_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/events"
)

// fakeSink fails as often as it is told, then keeps what it gets.
type fakeSink struct {
	fail   int
	err    error
	block  chan struct{} // nil: does not wait
	closed bool

	mu  sync.Mutex
	got []string // guarded by mu
}

// taken are the ids of what was delivered.
func (s *fakeSink) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *fakeSink) Name() string { return "fake" }

func (s *fakeSink) Deliver(ctx context.Context, batch []events.Event) error {
	if s.block != nil {
		select {
		case <-s.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.fail > 0 {
		s.fail--
		return s.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range batch {
		s.got = append(s.got, e.ID)
	}
	return nil
}

func (s *fakeSink) Close() error { s.closed = true; return nil }

// publish queues so many events, numbered.
func publish(bus *events.Bus, n int) {
	for i := range n {
		bus.Publish(events.Event{Type: events.Created, ID: fmt.Sprint(i)})
	}
}

func TestBusDeliversInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(fakeSink)
		bus := events.New(zap.NewNop(), sink)
		ctx, cancel := context.WithCancel(t.Context())
		go bus.Run(ctx)
		publish(bus, 250)
		synctest.Wait()
		if len(sink.taken()) != 250 || sink.taken()[0] != "0" || sink.taken()[249] != "249" {
			t.Errorf("got %d events, want 250 in order", len(sink.taken()))
		}
		if diff := cmp.Diff([]events.Stats{{Sink: "fake", Delivered: 250}}, bus.Stats()); diff != "" {
			t.Errorf("stats differ (-want +got):\n%s", diff)
		}
		cancel()
		synctest.Wait()
		if !sink.closed {
			t.Error("the sink is not closed after the end")
		}
	})
}

// A failure is retried and said once; recovery is said, too.
func TestBusRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		sink := &fakeSink{fail: 3, err: errors.New("away")}
		bus := events.New(zap.New(core), sink)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go bus.Run(ctx)
		publish(bus, 1)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if len(sink.taken()) != 0 {
			t.Error("got the event before the pauses are over")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(sink.taken()) != 1 || logs.FilterLevelExact(zap.WarnLevel).Len() != 1 || logs.FilterLevelExact(zap.InfoLevel).Len() != 1 {
			t.Errorf("got %v and %v, want the event, one warning and one word of recovery", sink.taken(), logs.All())
		}
	})
}

func TestBusGivesUp(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		after time.Duration
	}{
		"after its retries":      {errors.New("away"), 16 * time.Second},
		"at once when refused":   {fmt.Errorf("no: %w", events.ErrRefused), 0},
		"and takes what is next": {fmt.Errorf("no: %w", events.ErrRefused), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &fakeSink{fail: 5, err: test.err}
				if test.after == 0 {
					sink.fail = 1
				}
				bus := events.New(zap.NewNop(), sink)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go bus.Run(ctx)
				publish(bus, 1)
				time.Sleep(test.after)
				synctest.Wait()
				publish(bus, 2)
				synctest.Wait()
				if got := bus.Stats()[0]; got.Dropped != 1 || got.Delivered != 2 {
					t.Errorf("got %+v, want the first dropped and what is next delivered", got)
				}
			})
		})
	}
}

// A sink that stands still makes nobody wait: what does not fit is dropped and
// counted, and another sink gets everything. The end does not wait for it long.
func TestBusNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const published = 20000
		stuck, fine := &fakeSink{block: make(chan struct{})}, new(fakeSink)
		bus := events.New(zap.NewNop(), stuck, fine)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { bus.Run(ctx); close(done) }()
		for range published / 1000 {
			publish(bus, 1000)
			synctest.Wait()
		}
		stats := bus.Stats()
		if len(fine.taken()) != published || stats[1].Dropped != 0 {
			t.Errorf("the other sink got %d, %d dropped, want all %d", len(fine.taken()), stats[1].Dropped, published)
		}
		if got := stats[0]; got.Dropped == 0 || got.Waiting == 0 || got.Delivered != 0 {
			t.Errorf("got %+v for the stuck sink, want a full queue and drops", got)
		}
		begin := time.Now()
		cancel()
		<-done
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("the end took %s, want a last moment", took)
		}
		if got := bus.Stats()[0]; got.Dropped+uint64(got.Waiting) < published-200 {
			t.Errorf("got %+v, want what was not delivered counted", got)
		}
	})
}

func TestNoBusIsOff(t *testing.T) {
	var none *events.Bus
	if none.IsOn() || events.New(zap.NewNop()).IsOn() || none.Stats() != nil {
		t.Error("got a bus without sinks on")
	}
}

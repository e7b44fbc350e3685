package fastpath

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// crowded is a worker that does not run and whose inbox is full.
func crowded(t *testing.T) *Worker {
	t.Helper()
	w, err := NewWorker(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for range inboxLimit {
		if err := w.Post(func(*Worker) {}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// What is delivered to a full inbox arrives as soon as there is room, and once.
func TestDeliverWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, calls := crowded(t), 0
		done := make(chan error, 1)
		go func() { done <- w.Deliver(t.Context(), func(*Worker) { calls++ }) }()
		time.Sleep(10 * deliverPause)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("got %v at once, want to wait for room", err)
		default:
		}
		for range inboxLimit / inboxShare {
			w.inbox.run(w)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		w.inbox.run(w)
		if calls != 1 || w.inbox.more {
			t.Errorf("got %d calls, more to come is %v, want 1 call", calls, w.inbox.more)
		}
	})
}

// Nobody waits for longer than he wants to, nor for a worker that has ended.
func TestDeliverGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := crowded(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := w.Deliver(ctx, func(*Worker) {})
		if !errors.Is(err, ErrInboxFull) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v, want both errors after a minute", err, time.Since(start))
		}
		time.AfterFunc(time.Minute, w.inbox.close)
		if err := w.Deliver(t.Context(), func(*Worker) {}); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v of a worker that ends, want %v", err, ErrStopped)
		}
	})
}

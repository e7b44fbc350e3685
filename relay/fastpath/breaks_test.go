package fastpath_test

import (
	"context"
	"testing"
	"time"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// Pieces of long work have breaks between them, in which the worker serves; all that
// wait go on together.
func TestAfterBreak(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	const pieces = 20
	times := make(chan time.Time, 2*pieces)
	done := make(chan struct{}, 2)
	var piece func(w *fastpath.Worker, left int)
	piece = func(w *fastpath.Worker, left int) {
		times <- time.Now()
		if left == 0 {
			done <- struct{}{}
			return
		}
		w.AfterBreak(func(w *fastpath.Worker) { piece(w, left-1) })
	}
	f.on(func(w *fastpath.Worker) { piece(w, pieces-1); piece(w, pieces-1) })
	f.on(func(*fastpath.Worker) {}) // what is posted does not wait for all of it
	<-done
	<-done
	for last := (time.Time{}); len(times) > 0; {
		begin := <-times
		<-times // of the other one, in the same round
		if took := begin.Sub(last); took < time.Millisecond {
			t.Errorf("got a break of %s, want a millisecond", took)
		}
		last = begin
	}
}

// What has not gone on when the worker ends does so then.
func TestAfterBreakOfAWorkerThatEnds(t *testing.T) {
	w, err := fastpath.NewWorker(fastpath.Config{})
	if err != nil {
		t.Fatal(err)
	}
	left := 1000
	var piece func(w *fastpath.Worker)
	piece = func(w *fastpath.Worker) {
		if left--; left > 0 {
			w.AfterBreak(piece)
		}
	}
	piece(w)
	ended, end := context.WithCancel(context.Background())
	end()
	if err := w.Run(ended); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("got %d pieces left, want none", left)
	}
}

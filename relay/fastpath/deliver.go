package fastpath

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// deliverPause is how long a full inbox is left alone.
const deliverPause = 10 * time.Millisecond

// Deliver is Post for what must arrive: it waits while the inbox is full, at most
// until ctx is done. The error is that of ctx together with ErrInboxFull, or
// ErrStopped. It is not for the thread of a worker, which would wait for itself.
func (w *Worker) Deliver(ctx context.Context, f func(*Worker)) error {
	for {
		err := w.Post(f)
		if !errors.Is(err, ErrInboxFull) {
			return err
		}
		select {
		case <-time.After(deliverPause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
	}
}

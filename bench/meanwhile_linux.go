package bench

import (
	"errors"
	"time"
)

// meanwhile runs f while other runs on a goroutine of its own, which is told to stop when
// f has ended, and waits for both.
func meanwhile(f func() error, other func(stop <-chan struct{}) error) error {
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- other(stop) }()
	err := f()
	close(stop)
	return errors.Join(err, <-done)
}

// every calls step once in each interval, until it fails or stop is closed. What does
// not fit into its interval is left out.
func every(interval time.Duration, stop <-chan struct{}, step func() error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-ticker.C:
		}
		if err := step(); err != nil {
			return err
		}
	}
}

package testnet

import (
	"testing"
	"time"
)

// awaitInterval is how often Await looks.
const awaitInterval = 10 * time.Millisecond

// Await waits until the condition holds and fails the test when that takes
// longer than the timeout. The format and its arguments say what was awaited.
func Await(t testing.TB, timeout time.Duration, condition func() bool, format string, args ...any) {
	t.Helper()
	ticker := time.NewTicker(awaitInterval)
	defer ticker.Stop()
	for deadline := time.Now().Add(timeout); !condition(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("after "+timeout.String()+" still waiting until "+format, args...)
		}
	}
}

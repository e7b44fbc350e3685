//go:build !linux || portable

package udpbatch

import "time"

// KernelClocks returns zeros: elsewhere than on Linux the time is counted from
// the start, and suspension is not seen.
func KernelClocks() (monotonic, boot int64) { return 0, 0 }

// ThreadTime returns 0: a thread's time is not asked for here.
func ThreadTime() time.Duration { return 0 }

// NameThread does nothing: threads have names on Linux.
func NameThread(string) {}

//go:build !portable

package udpbatch

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// KernelClocks reads CLOCK_MONOTONIC and CLOCK_BOOTTIME in nanoseconds. They
// differ by the time the machine was suspended.
func KernelClocks() (monotonic, boot int64) {
	return readClock(unix.CLOCK_MONOTONIC), readClock(unix.CLOCK_BOOTTIME)
}

// ThreadTime returns the processor time that the calling thread has used; what
// a worker spends in system calls is part of it.
func ThreadTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &u) // cannot fail for this thread
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// NameThread names the calling thread, which must be locked to its goroutine, for
// top, ps and perf; the kernel keeps 15 bytes. Without /proc it has no name.
func NameThread(name string) { _ = os.WriteFile("/proc/thread-self/comm", []byte(name), 0) }

//go:build !portable

package udpbatch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// waitHolding is epoll_wait without a word to the Go scheduler. A thread in it
// looks to the runtime as if it computed; the signal by which the runtime asks
// such a thread to stop ends it with EINTR.
func (p *Poller) waitHolding(milliseconds int) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epoll),
		uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), uintptr(milliseconds), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// yield puts the thread behind the others that want to run on its CPU.
func yield() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// readClock is clock_gettime without a word to the Go scheduler, whose monitor
// would wake up for it. It cannot fail for the clocks of every kernel that runs Go.
func readClock(id int32) int64 {
	var t unix.Timespec
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, uintptr(id), uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

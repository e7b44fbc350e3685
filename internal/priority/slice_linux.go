package priority

import (
	"os"

	"golang.org/x/sys/unix"
)

// slice is how long a favoured thread computes at a time where others want its CPU,
// in nanoseconds. A thread with a short slice is let in earlier when it wakes up, and
// gets no more and no less of the CPU for it (sched_setattr(2), sched_runtime of
// SCHED_OTHER, since Linux 6.12; older kernels take no notice). It also is what a
// sched_yield leaves to the others: more than it takes to send a burst of 64 datagrams.
const slice = 400_000

// shorten gives a thread the slice. A thread that somebody has given another policy
// keeps it.
func shorten(thread int) error {
	attr, err := unix.SchedGetAttr(thread, 0)
	if err != nil {
		return os.NewSyscallError("sched_getattr", err)
	}
	if attr.Policy != unix.SCHED_NORMAL {
		return nil
	}
	attr.Runtime = slice
	return os.NewSyscallError("sched_setattr", unix.SchedSetAttr(thread, attr, 0))
}

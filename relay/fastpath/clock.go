package fastpath

import (
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// clock tells two times in nanoseconds: monotonic, by which token buckets run,
// and boot, by which entries expire (a machine that was suspended has not
// stopped the client's clock). The kernel is asked for both at the start; from
// then on one read of Go's monotonic clock, which needs no system call, gives
// them, and each tick asks anew how long the machine was suspended.
type clock struct {
	start     time.Time
	base      int64 // monotonic time at start
	suspended int64 // boot time less monotonic time
}

func newClock() clock {
	monotonic, boot := udpbatch.KernelClocks()
	return clock{start: time.Now(), base: monotonic, suspended: boot - monotonic}
}

// resync learns of suspensions since the last call.
func (c *clock) resync() {
	monotonic, boot := udpbatch.KernelClocks()
	c.suspended = boot - monotonic
}

func (c *clock) monotonic() int64 { return c.base + int64(time.Since(c.start)) }

// boot returns the boot time that belongs to a monotonic time.
func (c *clock) boot(monotonic int64) int64 { return monotonic + c.suspended }

package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// niceness of generator and servers: what else runs on the machine waits, as
// far as it can.
const niceness = -20

// onGenerator runs f on a thread of its own on the given CPU, with Go's
// collector off.
//
// The thread is SCHED_BATCH: a packet that arrives does not let it preempt the
// server, so it wakes up when the server has nothing left to do, and a burst
// costs one wake-up of the generator instead of one for each packet.
func onGenerator(cpu int, f func() error) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := bindThread(cpu, unix.SCHED_BATCH); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// onOtherCPU runs f like onGenerator, beside the servers' CPU.
func (l *lab) onOtherCPU(f func() error) error {
	cpu, err := otherCPU(l.cpu)
	if err != nil {
		return err
	}
	return onGenerator(cpu, f)
}

// bindThread puts the calling thread on one CPU under a scheduling policy.
// Programs that it starts inherit both.
func bindThread(cpu int, policy uint32) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("bind to CPU %d: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Nice: niceness}
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("set scheduling policy: %w", os.NewSyscallError("sched_setattr", err))
	}
	return nil
}

// lastCPU is the highest number among the CPUs that this process may use.
func lastCPU() (int, error) { return lastCPUBut(-1) }

// otherCPU is the highest number among the CPUs that this process may use, but
// for one.
func otherCPU(taken int) (int, error) {
	cpu, err := lastCPUBut(taken)
	if err != nil {
		return 0, fmt.Errorf("generator and server need a CPU each: %w", err)
	}
	return cpu, nil
}

func lastCPUBut(taken int) (int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 0, os.NewSyscallError("sched_getaffinity", err)
	}
	for cpu := len(set)*64 - 1; cpu >= 0; cpu-- {
		if set.IsSet(cpu) && cpu != taken {
			return cpu, nil
		}
	}
	return 0, errors.New("find a CPU: the affinity of this process has no other")
}

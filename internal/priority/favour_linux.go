package priority

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// passes bounds the search for threads: one that is not lowered yet may start
// another while the list is read. Two are usual.
const passes = 16

// weakest is the nice value that the kernel gives at most.
const weakest = 19

// Thread returns the number of the calling thread, which tells something only while
// the goroutine is locked to it.
func Thread() int { return unix.Gettid() }

// Favour lowers all threads of the process but these by so many steps of nice below
// the first of these; each step is a tenth of a CPU that is fought for, and nothing
// where there are enough of them. Threads that start later inherit it from those that
// start them, which in Go is never a locked one. These themselves get short slices of
// time. Neither needs a privilege; the first cannot be taken back without. It fails
// where /proc cannot be read or a filter of system calls forbids it, and has then
// changed some threads or none.
func Favour(threads []int, steps int) error {
	if len(threads) == 0 {
		return nil
	}
	own, err := nice(threads[0])
	if err != nil {
		return err
	}
	for range passes {
		lowered, err := lowerOthers(threads, min(own+steps, weakest))
		if err != nil {
			return err
		}
		if lowered == 0 {
			break
		}
	}
	for _, thread := range threads {
		if err := shorten(thread); err != nil {
			return err
		}
	}
	return nil
}

// lowerOthers goes through the threads once, and returns how many it had to lower.
func lowerOthers(threads []int, to int) (lowered int, err error) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0, fmt.Errorf("list threads: %w", err)
	}
	for _, task := range tasks {
		thread, err := strconv.Atoi(task.Name())
		if err != nil || slices.Contains(threads, thread) {
			continue
		}
		if now, err := nice(thread); err != nil || now >= to {
			continue // it has ended, or is where it should be
		}
		switch err := unix.Setpriority(unix.PRIO_PROCESS, thread, to); err {
		case nil:
			lowered++
		case unix.ESRCH: // it has ended
		default:
			return lowered, os.NewSyscallError("setpriority", err)
		}
	}
	return lowered, nil
}

// nice returns the nice value of a thread, -20 to 19.
func nice(thread int) (int, error) {
	// The kernel tells 20 less the value, so that no answer is an error.
	inverse, err := unix.Getpriority(unix.PRIO_PROCESS, thread)
	return 20 - inverse, os.NewSyscallError("getpriority", err)
}

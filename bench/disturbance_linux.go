package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// othersShare is the fraction of a slice that other programs of the machine may
// compute for. One that is in the kernel cannot be preempted everywhere, whatever
// its niceness, and then a slice measures that program.
const othersShare = 0.02

// softirqThreads do the kernel's share of forwarding.
const softirqThreads = "ksoftirqd/"

// disturbance is what the machine has done beside the measurement since it started.
type disturbance struct {
	stolen uint64                // ticks that the hypervisor took
	others map[int]time.Duration // CPU time of each other program, kernel threads too
}

// disturbanceBeside reads it for all programs but those of the measurement.
func disturbanceBeside(own map[int]bool) (disturbance, error) {
	stolen, err := stolenTicks()
	if err != nil {
		return disturbance{}, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return disturbance{}, fmt.Errorf("list processes: %w", err)
	}
	d := disturbance{stolen: stolen, others: make(map[int]time.Duration, len(entries))}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || own[pid] || forwards(pid) {
			continue
		}
		used, err := cpuTimeOf(pid)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ESRCH) {
			continue // it has just ended
		}
		if err != nil {
			return disturbance{}, err
		}
		d.others[pid] = used
	}
	return d, nil
}

// forwards reports whether a process is a thread of the kernel that handles packets.
func forwards(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.HasPrefix(string(name), softirqThreads)
}

// spoiled reports whether what happened between two readings, a slice apart, is too
// much.
func spoiled(before, after disturbance, slice time.Duration) bool {
	if after.stolen != before.stolen {
		return true
	}
	var used time.Duration
	for pid, now := range after.others {
		used += now - before.others[pid] // one that has just started began at zero
	}
	return used > time.Duration(othersShare*float64(slice))
}

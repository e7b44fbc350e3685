package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// stealField is the place of the stolen time among the fields of a CPU in
// /proc/stat, its name being the first (proc_pid_stat(5), in ticks of 10 ms).
const stealField = 8

// stolenTicks is how long the hypervisor has given the CPUs of this machine to
// others, all CPUs together. On bare metal it stays 0.
func stolenTicks() (uint64, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read stolen time: %w", err)
	}
	return stealOf(string(text))
}

// stealOf finds the stolen time in the text of /proc/stat, whose first line is
// that of all CPUs.
func stealOf(text string) (uint64, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) <= stealField || fields[0] != "cpu" {
		return 0, fmt.Errorf("read stolen time: unexpected first line %q", line)
	}
	ticks, err := strconv.ParseUint(fields[stealField], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read stolen time: %w", err)
	}
	return ticks, nil
}

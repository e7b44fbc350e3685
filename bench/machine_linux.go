package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// thisMachine describes the machine that runs this process.
func thisMachine(cpu int) (Machine, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return Machine{}, os.NewSyscallError("uname", err)
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return Machine{}, fmt.Errorf("read CPU model: %w", err)
	}
	return Machine{
		Kernel: unix.ByteSliceToString(name.Release[:]),
		CPU:    cpuModel(string(info)),
		CPUs:   runtime.NumCPU(),
		Pinned: cpu,
		Go:     runtime.Version(),
	}, nil
}

// cpuModel finds the first model in the text of /proc/cpuinfo. Some
// architectures name none.
func cpuModel(info string) string {
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

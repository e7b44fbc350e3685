package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stopTimeout is how long a program may take to end after SIGTERM.
	stopTimeout = 5 * time.Second
	// logTail is how much of a program's log an error shows.
	logTail = 2 << 10
)

// process is a program that runs on a host of the lab. It dies with this
// process.
type process struct {
	cmd   *exec.Cmd
	log   string        // file of its output
	ended chan struct{} // closed when it has been waited for
}

// start runs a command of /bin/sh on the host and the CPU. The shell replaces
// itself by the command, so that the process is the program's own.
func (h *host) start(cpu int, command, log string) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("make log file: %w", err)
	}
	defer func() { _ = file.Close() }()
	p := &process{
		cmd:   exec.Command("/bin/sh", "-c", "exec "+command),
		log:   log,
		ended: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

	// The kernel sends Pdeathsig when the thread that started the program ends,
	// so the thread stays for as long as the program.
	started := make(chan error, 2)
	go func() {
		started <- h.do(func() error {
			if err := bindThread(cpu, unix.SCHED_NORMAL); err != nil {
				return err
			}
			if err := p.cmd.Start(); err != nil {
				return err
			}
			started <- nil
			_ = p.cmd.Wait() // how it ends is of no interest
			close(p.ended)
			return nil
		})
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %q: %w", command, err)
	}
	return p, nil
}

// hasEnded reports whether the program has ended by itself.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stop ends the program and what it has started.
func (p *process) stop() {
	if p.hasEnded() {
		return
	}
	// Errors mean that it has just ended.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}

// output is the end of the program's log.
func (p *process) output() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	if len(text) > logTail {
		text = text[len(text)-logTail:]
	}
	return strings.TrimSpace(string(text))
}

// collections counts the cycles of Go's collector in the program's log, where
// GODEBUG=gctrace=1 writes them.
func (p *process) collections() int {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return 0
	}
	count := 0
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("gc ")) {
			count++
		}
	}
	return count
}

// cpuTime is what all threads of the program have used.
func (p *process) cpuTime() (time.Duration, error) { return cpuTimeOf(p.cmd.Process.Pid) }

// cpuTimeOf is what all threads of any process have used, to the nanosecond: the
// clock id of another process is made from its number (clock_getcpuclockid(3)).
func cpuTimeOf(pid int) (time.Duration, error) {
	const clockOfScheduler = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|clockOfScheduler), &t); err != nil {
		return 0, fmt.Errorf("read CPU time: %w", os.NewSyscallError("clock_gettime", err))
	}
	return time.Duration(t.Nano()), nil
}

// residentBytes is the memory of the program that is in RAM.
func (p *process) residentBytes() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read resident memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		var kiB int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kiB); n == 1 {
			return kiB << 10, nil
		}
	}
	return 0, fmt.Errorf("read resident memory of process %d: no VmRSS line", p.cmd.Process.Pid)
}

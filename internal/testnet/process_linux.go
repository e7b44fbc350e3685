package testnet

import (
	"bytes"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stopTimeout bounds how long a program may take to end after SIGTERM.
const stopTimeout = 30 * time.Second

// outputTimeout bounds how long after the end of a program its output is
// awaited: programs that it left behind may hold it open.
const outputTimeout = 5 * time.Second

// Process is a running program whose output is kept.
type Process struct {
	cmd    *exec.Cmd
	stdout output
	stderr output
	ended  chan struct{} // closed when the program has been waited for
}

// output keeps what a program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Start runs cmd, which Namespace.Command made, until the test ends at the
// latest; its output is shown when the test fails. It takes over cmd's output
// and process attributes.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	cmd.WaitDelay = outputTimeout
	cmd.Cancel = p.kill
	// A test process that is killed runs no Cleanup: the kernel ends the
	// program then. It does so when the thread that started the program
	// ends, hence the locked thread that stays for as long.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", cmd, err)
	}
	t.Cleanup(func() {
		if !p.Ended() {
			_ = p.kill() // it may end by itself meanwhile
		}
		<-p.ended
		if t.Failed() {
			t.Logf("output of %s:\n%s", cmd, tail(p.Output()))
		}
	})
	return p
}

// kill ends the program and those that it has started.
func (p *Process) kill() error { return syscall.Kill(-p.PID(), syscall.SIGKILL) }

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stdout is what the program has written to its standard output so far.
func (p *Process) Stdout() string { return p.stdout.String() }

// Stderr is what the program has written to its standard error so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// Output is standard output followed by standard error.
func (p *Process) Output() string { return p.Stdout() + p.Stderr() }

// Ended reports whether the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Wait waits for the end of the program and returns its exit code, -1 when a
// signal ended it. Taking longer than the timeout fails the test.
func (p *Process) Wait(t testing.TB, timeout time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(timeout):
		t.Fatalf("wait for the end of %s: still running after %s", p.cmd, timeout)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends the program a signal.
func (p *Process) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("send %s to %s: %v", signal, p.cmd, err)
	}
}

// Stop sends SIGTERM; the program must end in time and with exit code 0.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	if code := p.Wait(t, stopTimeout); code != 0 {
		t.Errorf("stop %s: got exit code %d (%s), want 0", p.cmd, code, p.cmd.ProcessState)
	}
}

// tail shortens long output to its end, at a line.
func tail(s string) string {
	const limit = 16 << 10
	if len(s) <= limit {
		return s
	}
	_, rest, _ := strings.Cut(s[len(s)-limit:], "\n")
	return "[…]\n" + rest
}

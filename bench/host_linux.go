package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// host is a network namespace without a name: it goes when its descriptor is
// closed and nothing runs in it any more.
type host struct {
	file *os.File
}

// newHost makes a namespace without IPv6, whose address detection would add
// packets of its own.
func newHost() (*host, error) {
	h := &host{}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace (as root): %w", os.NewSyscallError("unshare", err))
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return fmt.Errorf("open the new namespace: %w", err)
		}
		h.file = file
		err = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("switch IPv6 off in the new namespace: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// close gives the namespace up.
func (h *host) close() error { return h.file.Close() }

// do runs f on a thread in the namespace. Sockets that f opens stay in it
// wherever they are used, and so do programs that it starts.
func (h *host) do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(h.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter namespace: %w", os.NewSyscallError("setns", err))
		}
		return f()
	})
}

// ip runs commands of ip(8) in the namespace; the namespace of far is
// /proc/self/fd/3 for them.
func (h *host) ip(far *host, commands ...string) error {
	return h.do(func() error {
		cmd := exec.Command("ip", "-batch", "-")
		cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
		cmd.ExtraFiles = []*os.File{far.file}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("set up links with ip(8): %w: %s", err, strings.TrimSpace(string(out)))
		}
		return nil
	})
}

// onThread runs f on a thread that no other goroutine ever uses.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		done <- f()
	}()
	return <-done
}

//go:build !portable

package udpbatch

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// silence is the number of Waits in a row that must find nothing before the next
// one parks: the first may have been a short one, the second was not.
const silence = 2

// park is how a goroutine waits that has nothing to do: not in a system call of
// its own but in the Go runtime's poller, which watches the epoll set like a
// socket. A thread that returns from a system call wakes the runtime's monitor,
// and that looks after it 60 times before it sleeps again, which is most of what
// an idle server costs. The first packet after the silence finds the thread a few
// microseconds later; from then on the epoll set is waited for directly, and the
// runtime does not hear of packets.
type park struct {
	file  *os.File // a second descriptor of the epoll set; nil when not parked
	raw   syscall.RawConn
	ready func(uintptr) bool
	found int
}

// waitParked waits for events in the runtime's poller.
func (p *Poller) waitParked(timeout time.Duration) (int, error) {
	if err := p.enterPark(); err != nil {
		return 0, err
	}
	p.park.found = 0
	if err := p.park.file.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	if err := p.park.raw.Read(p.park.ready); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, err
	}
	return p.park.found, nil
}

// enterPark gives the epoll set to the runtime, if it does not have it.
func (p *Poller) enterPark() error {
	if p.park.file != nil {
		return nil
	}
	fd, err := unix.FcntlInt(uintptr(p.epoll), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	// Only of such a descriptor os.NewFile believes that it can be polled.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return err
	}
	p.park.file, p.park.raw = file, raw
	if p.park.ready == nil {
		p.park.ready = func(uintptr) bool {
			n, errno := p.waitHolding(0)
			p.park.found = n
			return n > 0 || errno != 0 && errno != unix.EINTR
		}
	}
	return nil
}

// leave takes the epoll set away from the runtime.
func (k *park) leave() {
	if k.file != nil {
		k.file.Close()
		k.file, k.raw = nil, nil
	}
}

//go:build !portable

package udpbatch

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Poller is an epoll set. It is level-triggered: a socket from which not
// everything was received is reported again. It belongs to one goroutine; only
// Wake may be called from others.
type Poller struct {
	epoll  int
	events []unix.EpollEvent
	hold   time.Duration
	silent bool // nothing came in the last Wait

	courtesy courtesy
	guess    func() bool
	made     time.Time // what times are counted from: reading Go's monotonic clock alone is cheaper

	mu    sync.Mutex
	wake  int  // eventfd; guarded by mu, so that nobody writes to it once it is closed
	woken bool // owned by the waiting goroutine
}

// wakeToken marks the Poller's own wake-up and is not for sockets.
const wakeToken = ^uint32(0)

// NewPoller makes an epoll set that reports at most so many events at once.
func NewPoller(events int) (*Poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &Poller{epoll: epoll, wake: wake, events: make([]unix.EpollEvent, events), made: time.Now()}
	// Edge-triggered, the counter never needs to be read: each write is an
	// event of its own, and 2^64 of them do not happen.
	if err := p.control(unix.EPOLL_CTL_ADD, wake, unix.EPOLLIN|unix.EPOLLET, wakeToken); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Poller) control(op, fd int, events uint32, token uint32) error {
	event := unix.EpollEvent{Events: events, Fd: int32(token)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epoll, op, fd, &event))
}

// Add watches a socket. The token comes back with its events; its largest value
// is taken.
func (p *Poller) Add(c *Conn, token uint32) error {
	if c.fd < 0 {
		return nil
	}
	return p.control(unix.EPOLL_CTL_ADD, c.fd, unix.EPOLLIN, token)
}

// Remove stops watching a socket that stays open. Closing does it too.
func (p *Poller) Remove(c *Conn) error {
	if c.fd < 0 {
		return nil
	}
	return p.control(unix.EPOLL_CTL_DEL, c.fd, 0, 0)
}

// Wait waits for at least one event, for Wake, or until the time is over, and
// returns the number of events. Event and Woken speak of what it found.
//
// Where that pays it lets the other threads of its CPU run before it goes to sleep,
// see courtesy.
func (p *Poller) Wait(timeout time.Duration) (int, error) {
	if timeout <= 0 {
		n, _ := p.waitHolding(0)
		return p.found(n), nil
	}
	if p.courtesy.isDue() {
		if n, served := p.look(); n > 0 || served {
			return p.found(n), nil
		}
	}
	n, err := p.sleep(timeout)
	switch {
	case errors.Is(err, unix.EINTR):
		n, err = 0, nil
	case n == 0 && timeout >= p.hold: // a short one says little
		p.silent = true
	}
	return p.found(n), err
}

// look yields if nothing is ready, and returns the number of events, or that a guess
// was right.
func (p *Poller) look() (events int, served bool) {
	if p.courtesy.needsLook() {
		n, _ := p.waitHolding(0)
		p.courtesy.looked(n > 0)
		if n > 0 {
			return n, false
		}
	}
	begin := time.Since(p.made)
	yield()
	took := time.Since(p.made) - begin
	if served = p.guess != nil && p.guess(); !served {
		events, _ = p.waitHolding(0)
	}
	p.courtesy.learn(served || events > 0, took)
	return events, served
}

// sleep waits in the way that suits how long nothing has come.
func (p *Poller) sleep(timeout time.Duration) (int, error) {
	if brief := min(timeout, p.hold); brief > 0 && !p.silent {
		n, errno := p.waitHolding(milliseconds(brief))
		switch timeout -= brief; {
		case errno != 0:
			return 0, os.NewSyscallError("epoll_pwait", errno)
		case n > 0 || timeout == 0:
			return n, nil
		}
	}
	n, err := unix.EpollWait(p.epoll, p.events, milliseconds(timeout))
	return max(n, 0), os.NewSyscallError("epoll_wait", err)
}

// Hold makes Wait keep the Go scheduler's processor while it waits, for so long
// and no longer, unless the Wait before found nothing: then nothing is likely to
// come soon. 0, the default, gives it up at once. Losing it means to look
// for another one at each wake-up, and to wake the runtime's monitor thread.
// There must be more processors (GOMAXPROCS) than goroutines that hold one. The
// collector is not held up: its signal to stop ends the wait.
func (p *Poller) Hold(d time.Duration) { p.hold = d }

// Guess makes a Wait that has let other threads run try f before it asks the kernel:
// f serves what is likely to be ready without having been told so, and reports whether
// it was. If so, that Wait is over and has no events.
func (p *Poller) Guess(f func() bool) { p.guess = f }

// milliseconds rounds up: a timeout below one must not become a busy loop.
func milliseconds(d time.Duration) int { return int((d + time.Millisecond - 1) / time.Millisecond) }

// found takes the wake-up out of the n events.
func (p *Poller) found(n int) int {
	p.woken = false
	if n > 0 {
		p.silent = false
	}
	for i := range n {
		if uint32(p.events[i].Fd) == wakeToken {
			p.woken = true
			p.events[i] = p.events[n-1]
			return n - 1
		}
	}
	return n
}

// Event returns event i of the last Wait.
func (p *Poller) Event(i int) Event {
	e := &p.events[i]
	return Event{
		Token:    uint32(e.Fd),
		Readable: e.Events&unix.EPOLLIN != 0,
		Writable: e.Events&unix.EPOLLOUT != 0,
		Failed:   e.Events&(unix.EPOLLERR|unix.EPOLLHUP) != 0,
	}
}

// Woken reports whether Wake was called before the last Wait returned.
func (p *Poller) Woken() bool { return p.woken }

// Wake ends the Wait under way, or the next one. It may be called from any
// goroutine, also after Close.
func (p *Poller) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake >= 0 {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		// The one possible error, a full counter, means that a wake-up is
		// pending already.
		_, _ = unix.Write(p.wake, one[:])
	}
}

// Close closes the set, not the sockets in it.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake < 0 {
		return nil
	}
	err := errors.Join(unix.Close(p.wake), unix.Close(p.epoll))
	p.wake, p.epoll = -1, -1
	return err
}

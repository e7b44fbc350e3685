package bench

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lossTimeoutMs is how long a burst waits without progress until what is
// missing counts as lost.
const lossTimeoutMs = 100

// route is a set of lanes that a burst travels at once: the direct way, or the
// way through one server. It belongs to the generator's thread.
type route struct {
	lanes  []*lane
	burst  int // packets of one burst, of all lanes
	epoll  int
	events []unix.EpollEvent
	tag    uint64 // of the last burst
}

// newRoute takes over the lanes, not their sockets.
func newRoute(lanes []*lane, perLane int) (*route, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	r := &route{
		lanes:  lanes,
		burst:  len(lanes) * perLane,
		epoll:  epoll,
		events: make([]unix.EpollEvent, len(lanes)),
	}
	for i, l := range lanes {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, l.to.fd, &event); err != nil {
			return nil, errors.Join(os.NewSyscallError("epoll_ctl", err), r.close())
		}
	}
	return r, nil
}

// close switches trains off again on the sockets, which stay open.
func (r *route) close() error {
	err := os.NewSyscallError("close", unix.Close(r.epoll))
	for _, l := range r.lanes {
		err = errors.Join(err, l.setTrain(false))
	}
	return err
}

// run sends one burst and waits until all of it came out. It returns the time
// that took and the packets that did not come.
func (r *route) run() (elapsed time.Duration, lost int) {
	r.tag++
	start := time.Now()
	for _, l := range r.lanes {
		l.send(r.tag)
	}
	missing := r.burst
	var deadline time.Time // set while nothing comes
	for missing > 0 {
		n, errno := epollWait(r.epoll, r.events, lossTimeoutMs)
		if n == 0 && errno == 0 {
			break
		}
		came := 0
		for i := range n {
			came += r.lanes[r.events[i].Fd].recv(r.tag, missing-came)
		}
		missing -= came
		// A wait can end early without a packet of this burst: by a late one
		// of an earlier burst, or by a signal, which Go's scheduler sends to
		// threads that run for long.
		switch {
		case came > 0:
			deadline = time.Time{}
		case deadline.IsZero():
			deadline = time.Now().Add(lossTimeoutMs * time.Millisecond)
		case time.Now().After(deadline):
			return time.Since(start), missing
		}
	}
	return time.Since(start), missing
}

package bench

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// settleTime is how long late packets are waited for after the last one was
	// sent.
	settleTime = 200 * time.Millisecond
	// contextInterval is how often a run looks whether it should end.
	contextInterval = 50 * time.Millisecond
)

// openLoop offers packets at fixed times, whether or not earlier ones have come
// through: the load of a server, instead of the cost of a packet. One thread
// sends and receives, on another CPU than the server's. It never sleeps.
type openLoop struct {
	offers   []*offer
	arrivals *arrivals
	epoll    int
	events   []unix.EpollEvent
}

// newOpenLoop takes over the offers, not their sockets.
func newOpenLoop(offers []*offer) (*openLoop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	l := &openLoop{
		offers:   offers,
		arrivals: newArrivals(),
		epoll:    epoll,
		events:   make([]unix.EpollEvent, len(offers)),
	}
	for i, o := range offers {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, o.to.fd, &event); err != nil {
			return nil, errors.Join(os.NewSyscallError("epoll_ctl", err), l.close())
		}
	}
	return l, nil
}

func (l *openLoop) close() error { return os.NewSyscallError("close", unix.Close(l.epoll)) }

// run offers for the given time and waits for what is late. It must run on the
// generator's thread. It leaves no garbage, and the collector of this process
// would run on the CPU of the servers.
func (l *openLoop) run(ctx context.Context, duration time.Duration) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	start := time.Now()
	stamp := start.UnixNano()
	l.stagger(stamp)
	end, check := start.Add(duration), start.Add(contextInterval)
	for now := start; now.Before(end); now = time.Now() {
		if now.After(check) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			check = now.Add(contextInterval)
		}
		elapsed := stamp + int64(now.Sub(start))
		for _, o := range l.offers {
			o.send(elapsed)
		}
		l.receive(stamp)
	}
	for end = time.Now().Add(settleTime); time.Now().Before(end); {
		l.receive(stamp)
	}
	return nil
}

// stagger spreads the flows over their interval and forgets earlier counts.
func (l *openLoop) stagger(start int64) {
	for i, o := range l.offers {
		o.next = start + o.interval*int64(i)/int64(len(l.offers))
		o.sent, o.received = 0, 0
	}
}

// receive takes a batch from each socket that has packets.
func (l *openLoop) receive(stamp int64) {
	n, errno := epollWait(l.epoll, l.events, 0)
	if errno != 0 {
		return // a signal; the next call follows at once
	}
	for i := range n {
		l.offers[l.events[i].Fd].receive(l.arrivals, stamp)
	}
}

// counts sums up what was sent and received since run began.
func counts(offers []*offer) (sent, received int) {
	for _, o := range offers {
		sent += o.sent
		received += o.received
	}
	return sent, received
}

// lossOf is the fraction that did not come through.
func lossOf(offers []*offer) float64 {
	sent, received := counts(offers)
	if sent == 0 {
		return 0
	}
	return float64(sent-received) / float64(sent)
}

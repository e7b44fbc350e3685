package bench

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// visitorPorts is after how many visitors a client's port is used again.
const visitorPorts = 50000

// churn makes allocations with one channel on a server, a steady number in each
// second, and gives each up at once: calls that begin and end beside those that are
// measured.
type churn struct {
	lab      *lab
	server   *server
	interval time.Duration // 0: nobody comes
	visitors int           // so far
}

// newChurn has so many set-ups in each second; 0: none.
func newChurn(l *lab, s *server, setUps float64) *churn {
	c := &churn{lab: l, server: s}
	if setUps > 0 {
		c.interval = time.Duration(float64(time.Second) / setUps)
	}
	return c
}

// during runs f beside the churn and returns how many allocations came and went in
// that time.
func (c *churn) during(f func() error) (visitors int, err error) {
	if c.interval == 0 {
		return 0, f()
	}
	before := c.visitors
	err = meanwhile(f, func(stop <-chan struct{}) error {
		return c.lab.clients.do(func() error { return c.run(stop) })
	})
	return c.visitors - before, err
}

// run goes on until stop is closed. It shares the CPU of the servers, as the other one
// is the generator's; what it uses is the same beside every server.
func (c *churn) run(stop <-chan struct{}) error {
	if err := bindThread(c.lab.cpu, unix.SCHED_BATCH); err != nil {
		return err
	}
	return every(c.interval, stop, c.visit)
}

// visit is one allocation, from its first request to its end.
func (c *churn) visit() error {
	port := uint16(firstClientPort + c.visitors%visitorPorts)
	from, peer := netip.AddrPortFrom(visitorAddr, port), netip.AddrPortFrom(peerAddr, port)
	if err := c.server.setUp(from, peer, (*client).release); err != nil {
		return c.server.explain(fmt.Errorf("allocation %d of those that come and go: %w", c.visitors+1, err))
	}
	c.visitors++
	return nil
}

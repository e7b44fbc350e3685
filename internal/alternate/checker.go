package alternate

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
)

// How often every server is probed, and how long one probe may take.
const (
	Interval = 5 * time.Second
	Timeout  = 2 * time.Second
)

// MaxServers bounds the list, and with it the probes that are under way.
const MaxServers = 64

// Transport is the protocol by which a client reaches a server.
type Transport string

// The transports that clients can be sent away by.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Server is another server.
type Server struct {
	Address   netip.AddrPort
	Transport Transport

	// Domain is the name in the certificate of a server of TLS, where it is not
	// one that the clients of this server know already.
	Domain string
}

// Checker knows which servers answer. It is safe for concurrent use.
type Checker struct {
	log     *zap.Logger
	renewed chan struct{} // tells Run of a new list

	mu      sync.Mutex
	servers []Server        // guarded by mu
	up      map[Server]bool // by the last probe; guarded by mu

	healthy atomic.Pointer[[]Server] // replaced, never changed
	next    atomic.Uint32            // takes healthy servers in turn
}

// New returns a Checker of these servers. None is healthy until Run has probed it.
func New(servers []Server, log *zap.Logger) *Checker {
	c := &Checker{log: log.Named("alternate"), renewed: make(chan struct{}, 1), up: make(map[Server]bool)}
	c.healthy.Store(&[]Server{})
	c.SetServers(servers)
	return c
}

// SetServers replaces the list. What is known of a server that stays is kept; a
// new one is probed at once. Beyond MaxServers the list is cut.
func (c *Checker) SetServers(servers []Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers = slices.Clone(servers[:min(len(servers), MaxServers)])
	for known := range c.up {
		if !slices.Contains(c.servers, known) {
			delete(c.up, known)
		}
	}
	c.publishLocked()
	select {
	case c.renewed <- struct{}{}:
	default:
	}
}

// Pick returns a healthy server of a transport and an address family that fits,
// each in its turn. Any thread may call it; it takes no lock.
func (c *Checker) Pick(transport Transport, isIPv4 bool, fits func(domain string) bool) (s Server, ok bool) {
	healthy := *c.healthy.Load()
	if len(healthy) == 0 {
		return Server{}, false
	}
	first := int(c.next.Add(1) % uint32(len(healthy)))
	for i := range healthy {
		s := healthy[(first+i)%len(healthy)]
		if s.Transport == transport && s.Address.Addr().Is4() == isIPv4 && fits(s.Domain) {
			return s, true
		}
	}
	return Server{}, false
}

// Healthy returns the servers that answered the last probe.
func (c *Checker) Healthy() []Server { return slices.Clone(*c.healthy.Load()) }

// Run probes until ctx is done.
func (c *Checker) Run(ctx context.Context) {
	ticker := time.NewTicker(Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-c.renewed:
		}
		c.probeAll(ctx)
	}
}

// probeAll probes every server, all at the same time, and waits for the last.
func (c *Checker) probeAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	c.mu.Lock()
	servers := slices.Clone(c.servers)
	c.mu.Unlock()
	var running sync.WaitGroup
	for _, s := range servers {
		running.Go(func() { c.learn(s, Probe(ctx, s)) })
	}
	running.Wait()
}

// learn takes in the outcome of a probe and tells the log of a change.
func (c *Checker) learn(s Server, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, known := c.up[s]
	if !slices.Contains(c.servers, s) || known && was == (err == nil) {
		return
	}
	c.up[s] = err == nil
	c.publishLocked()
	if err == nil {
		c.log.Info("alternate server answers", logging.Server(s.Address), zap.String("transport", string(s.Transport)))
		return
	}
	c.log.Warn("alternate server does not answer a Binding request; clients are not sent there",
		logging.Server(s.Address), zap.String("transport", string(s.Transport)), logging.Err(err))
}

// publishLocked makes the healthy servers known to Pick.
func (c *Checker) publishLocked() {
	healthy := slices.DeleteFunc(slices.Clone(c.servers), func(s Server) bool { return !c.up[s] })
	c.healthy.Store(&healthy)
}

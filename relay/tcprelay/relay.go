package tcprelay

import (
	"net/netip"
	"sync"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// Config is what a Relay is made of. Times are positive.
type Config struct {
	// ConnectTimeout is how long a peer may take to accept a connection. RFC 6062
	// section 5.2: at least 30 seconds.
	ConnectTimeout time.Duration
	// BindTimeout is how long a connection to a peer waits for its client; RFC 6062
	// sections 5.2 and 5.3: 30 seconds.
	BindTimeout time.Duration
	// MaxUnbound bounds the connections without a client, those included that are
	// not connected yet, and MaxUnboundPerClient those of one IPv4 address or IPv6
	// /64 network. 0 is no bound.
	MaxUnbound, MaxUnboundPerClient int
	// Buckets holds the bandwidth buckets of allocations; may be nil if none has
	// any.
	Buckets *bucket.Array
	// Socket are the options of connections to peers.
	Socket stream.Options
}

// Relay holds the connections of all TCP allocations.
type Relay struct {
	cfg     Config
	start   time.Time
	base    int64          // the monotonic clock of the buckets at start, ns
	running sync.WaitGroup // goroutines; grows only under mu while not closed
	counts  counts

	mu          sync.Mutex
	isClosed    bool                   // guarded by mu
	allocations map[*Allocation]bool   // live ones; guarded by mu
	unbound     map[uint32]*connection // by number; guarded by mu
	waiting     int                    // connections without a client, unconnected ones included; guarded by mu
	clients     map[netip.Prefix]int   // of them, by client; guarded by mu
	bound       int                    // guarded by mu
}

// New returns a Relay without allocations.
func New(cfg Config) *Relay {
	base, _ := udpbatch.KernelClocks()
	return &Relay{
		cfg: cfg, start: time.Now(), base: base,
		allocations: make(map[*Allocation]bool),
		unbound:     make(map[uint32]*connection),
		clients:     make(map[netip.Prefix]int),
	}
}

// Close ends all allocations and returns when nothing runs any more.
func (r *Relay) Close() {
	r.mu.Lock()
	r.isClosed = true
	var live []*Allocation
	for a := range r.allocations {
		live = append(live, a)
	}
	r.mu.Unlock()
	for _, a := range live {
		a.Close()
	}
	r.running.Wait()
}

// Control returns the client's transport address of the control connection that a
// waiting connection belongs to: the nonces of that address are good for its
// ConnectionBind (RFC 6062 section 4.3: the same credentials).
func (r *Relay) Control(id uint32) (client netip.AddrPort, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.unbound[id]
	if c == nil {
		return netip.AddrPort{}, false
	}
	return c.allocation.owner.Control, true
}

// nowNs is the time as the buckets have it.
func (r *Relay) nowNs() int64 { return r.base + int64(time.Since(r.start)) }

// sourceOf is whom a client's connections count for.
func sourceOf(client netip.Addr) netip.Prefix {
	bits := 64
	if client.Unmap().Is4() {
		bits = 32
	}
	source, _ := client.Unmap().Prefix(bits) // fails for an invalid address only
	return source
}

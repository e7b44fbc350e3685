package server

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// Config is what a Server is built from and keeps for life.
type Config struct {
	// Workers is the number of packet workers, each with its own Handler.
	Workers int
	// Settings is the first of the reloadable values.
	Settings Settings
	// Nonces mints and checks the nonces of the challenges.
	Nonces *authn.Nonces
	// Limiter bounds the answers to unauthenticated requests per source prefix.
	Limiter *authn.Limiter
	// RelayAddresses are used in turn; empty stands for the address that the
	// client reached, or for any local one of the family it asks for.
	RelayAddresses []RelayAddress
	// MinPort and MaxPort bound the ports of relayed transport addresses.
	MinPort, MaxPort uint16
	// Discovery turns on NAT behaviour discovery (RFC 5780), one entry for each
	// address family.
	Discovery []Discovery
	// Alternate names other servers; nil: there are none.
	Alternate PickAlternate
	// DefaultFamily is used for requests that name no address family.
	DefaultFamily FamilyDefault
	// Events hears about allocations; nil is nobody.
	Events *events.Bus
	// Revocations lists the credentials that were taken back; nil is none.
	Revocations *authn.Revocations
	// Clients says who may be a client; nil: everybody.
	Clients *access.Gate
	// Buckets holds the bandwidth buckets that the workers draw on: two for each
	// allocation, and two for each user, tenant and realm that shares a limit.
	Buckets *bucket.Array
	// OpenRelay opens the socket of a relayed transport address.
	OpenRelay func(local netip.AddrPort) (*udpbatch.Conn, error)
	// TCPRelay relays TCP connections (RFC 6062); nil: that is off. Close closes it.
	TCPRelay *tcprelay.Relay
	// LocalAddresses returns the addresses of this host, for the peer policy
	// and to choose a relay address.
	LocalAddresses func() []netip.Addr
	// IsLocalAddress reports whether an address is one of this host's.
	IsLocalAddress func(netip.Addr) bool
	// Fleet counts allocations across servers; nil counts those of this one only.
	Fleet Fleet
	// Log receives what an operator should know; never anything per packet.
	Log *zap.Logger
}

// Server is the state that all handlers share.
type Server struct {
	config   Config
	log      *zap.Logger
	noisy    *logging.Limited // for lines that a stranger can cause
	nonces   *authn.Nonces
	ledger   *quota.Ledger
	buckets  *bucket.Array
	park     *authn.Park
	tickets  *tickets
	handlers []*Handler
	started  time.Time // origin of the clock that limiters are asked with

	mu           sync.Mutex // serialises writers of pools
	reservations reservations
	tenants      tenantBook
	mobiles      mobiles

	pools    atomic.Pointer[portPools] // by local relay address; replaced, never changed
	settings atomic.Pointer[Settings]
	next     atomic.Uint32 // round robin over relay addresses

	draining   atomic.Bool // no new allocations
	cannotOpen atomic.Bool // the operator was told that relay sockets do not open
}

// New prepares a Server with one Handler per worker. It opens no socket.
func New(cfg Config) (*Server, error) {
	if cfg.Workers < 1 {
		return nil, fmt.Errorf("prepare server: %d workers, want at least 1", cfg.Workers)
	}
	if cfg.MinPort == 0 || cfg.MinPort > cfg.MaxPort {
		return nil, fmt.Errorf("prepare server: relay ports %d-%d are not a range", cfg.MinPort, cfg.MaxPort)
	}
	s := &Server{
		config:  cfg,
		log:     cfg.Log.Named("server"),
		noisy:   logging.NewLimited(cfg.Log.Named("server")),
		nonces:  cfg.Nonces,
		ledger:  quota.NewLedger(cfg.Buckets, cfg.Settings.Quota, cfg.Settings.QuotaOverrides...),
		buckets: cfg.Buckets,
		park:    authn.NewPark(parkConfig),
		tickets: newTickets(),
		started: time.Now(),
	}
	s.pools.Store(&portPools{})
	for _, address := range cfg.RelayAddresses {
		if _, err := s.pool(address.Local); err != nil {
			return nil, err
		}
	}
	s.settings.Store(s.prepare(cfg.Settings))
	for id := range cfg.Workers {
		s.handlers = append(s.handlers, newHandler(s, id))
	}
	return s, nil
}

// Handler returns the handler of one worker.
func (s *Server) Handler(worker int) *Handler { return s.handlers[worker] }

// Close tells Events about what is live, charges its users, and gives up what waits:
// parked requests and reserved ports. Call it after the workers have ended.
func (s *Server) Close() {
	for _, h := range s.handlers {
		h.tellStopped()
		h.chargeAll()
	}
	s.park.Close()
	if s.config.TCPRelay != nil {
		s.config.TCPRelay.Close()
	}
	s.reservations.sweep(time.Now().Add(reservationLifetime))
}

// Aliases lists the 1:1 NAT addresses for the fast path.
func (s *Server) Aliases() []fastpath.Alias {
	var aliases []fastpath.Alias
	for _, address := range s.config.RelayAddresses {
		if address.External.IsValid() && address.External != address.Local {
			aliases = append(aliases, fastpath.Alias{External: address.External, Local: address.Local})
		}
	}
	return aliases
}

package relay

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Config is what an Engine is made of.
type Config struct {
	// Workers is the number of threads; 0 means DefaultWorkers. Outside Linux
	// there is one. GOMAXPROCS should be larger, so that what else runs in the
	// process always finds a place.
	Workers int

	// Listeners are the addresses to serve. An unspecified address stands for
	// every local address of its family, link-local IPv6 addresses excepted.
	Listeners []netip.AddrPort

	// Proxies are, by address of Listeners, the only sources of some of them: load
	// balancers that put a header of the PROXY protocol in front of each datagram.
	Proxies map[netip.AddrPort][]netip.Prefix

	// ReceiveBufferBytes and SendBufferBytes size the queues of each listening
	// socket; 0 keeps the system's default.
	ReceiveBufferBytes, SendBufferBytes int

	// Freebind lets listeners be bound to addresses that the host does not have
	// yet. They serve from the moment that it gets them. Linux only.
	Freebind bool

	// Streams says how clients of TCP and TLS are served. What it allows those
	// without authentication holds for DTLS as well, each for itself.
	Streams StreamConfig

	// DTLS says how clients of DTLS are served.
	DTLS DTLSConfig

	// Clients says who may be a client; nil: everybody. Connections of all others are
	// closed as soon as it is known whose they are.
	Clients *access.Gate

	// GSO and GRO say whether the kernel segments and coalesces trains of
	// datagrams. SetOffloads changes them.
	GSO, GRO fastpath.Switch

	// Worker returns the configuration of a worker. It is called once for each,
	// before Open returns.
	Worker func(id int) fastpath.Config

	// Aliases are the relay addresses that are known outside by another one.
	Aliases []fastpath.Alias

	// LocalAddresses is kept up to date while the engine runs; nil: the engine
	// makes its own.
	LocalAddresses *LocalAddresses

	// AddressesChanged, when set, is called after LocalAddresses has changed,
	// before listeners follow.
	AddressesChanged func()
}

// Engine is the data plane: the listening sockets and the workers.
type Engine struct {
	cfg       Config
	log       *zap.Logger
	workers   []*fastpath.Worker
	addresses *LocalAddresses
	acceptors *acceptors // nil: not open yet

	handshakes *handshakes // of DTLS; nil: there is none

	reconciling sync.Mutex                             // one change of groups at a time
	skipped     []netip.Addr                           // told to the log; guarded by reconciling
	failed      map[netip.AddrPort]string              // told to the log; guarded by reconciling
	ids         map[netip.AddrPort]fastpath.ListenerID // every address ever served; guarded by reconciling

	mu     sync.Mutex
	groups map[netip.AddrPort]*group // by the address asked for; guarded by mu
}

// Open opens the listening sockets and makes the workers. Nothing is received
// until Run. An address that cannot be opened fails it; only one of a wildcard
// listener that the host has not finished configuring is left for later.
func Open(cfg Config, log *zap.Logger) (*Engine, error) {
	if cfg.Workers <= 0 {
		cfg.Workers = DefaultWorkers()
	}
	if cfg.Workers > udpbatch.MaxGroup {
		log.Info("this system cannot share a port between workers", zap.Int("workers", udpbatch.MaxGroup))
		cfg.Workers = udpbatch.MaxGroup
	}
	e := &Engine{
		cfg:       cfg,
		log:       log.Named("relay"),
		addresses: cfg.LocalAddresses,
		failed:    make(map[netip.AddrPort]string),
		ids:       make(map[netip.AddrPort]fastpath.ListenerID),
		groups:    make(map[netip.AddrPort]*group),
	}
	if err := e.open(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) open() error {
	if e.addresses == nil {
		var err error
		if e.addresses, err = NewLocalAddresses(); err != nil {
			return err
		}
	}
	var err error
	if e.handshakes, err = openHandshakes(e.cfg); err != nil {
		return err
	}
	for id := range e.cfg.Workers {
		cfg := e.cfg.Worker(id)
		cfg.DTLS = e.secureDatagrams()
		cfg.Clients = e.cfg.Clients
		cfg.ID = id
		cfg.HoldProcessor = runtime.GOMAXPROCS(0) > e.cfg.Workers
		w, err := fastpath.NewWorker(cfg)
		if err != nil {
			return fmt.Errorf("make worker %d: %w", id, err)
		}
		w.SetAliases(e.cfg.Aliases)
		w.SetOffloads(e.cfg.GSO, e.cfg.GRO)
		e.workers = append(e.workers, w)
	}
	if err := e.openListeners(); err != nil {
		return err
	}
	if e.acceptors, err = openAcceptors(e.cfg, e.workers, e.log); err != nil {
		return err
	}
	e.logBuffers()
	return nil
}

// logBuffers tells what the kernel granted, once: it cuts a wish silently.
func (e *Engine) logBuffers() {
	for _, g := range e.groups {
		receive, send := g.sockets[0].Buffers()
		write := e.log.Info
		if receive < e.cfg.ReceiveBufferBytes || send < e.cfg.SendBufferBytes {
			write = e.log.Warn
		}
		write("socket buffers",
			zap.Int("receive_bytes", receive), zap.Int("send_bytes", send),
			zap.Int("asked_receive_bytes", e.cfg.ReceiveBufferBytes), zap.Int("asked_send_bytes", e.cfg.SendBufferBytes))
		return
	}
}

// Run serves until ctx is done or a worker fails, and then closes everything.
// It may be called once.
func (e *Engine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(e.workers))
	var running sync.WaitGroup
	for i, w := range e.workers {
		running.Go(func() {
			defer cancel() // one that fails ends all
			errs[i] = w.Run(ctx)
		})
	}
	running.Go(func() { e.acceptors.run(ctx) })
	if e.handshakes != nil {
		running.Go(func() { e.handshakes.run(ctx) })
	}
	e.follow(ctx, followInterval)
	running.Wait()
	return errors.Join(append(errs, e.Close())...)
}

// Close closes an engine that was never run, or whose Run has returned. Closing
// again does nothing.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for addr, g := range e.groups {
		errs = append(errs, g.sockets.Close())
		delete(e.groups, addr)
	}
	if e.acceptors != nil {
		errs = append(errs, e.acceptors.close())
	}
	for _, w := range e.workers {
		errs = append(errs, w.Close())
	}
	return errors.Join(errs...)
}

// SetOffloads changes Config.GSO and Config.GRO while the engine runs, and waits
// until every worker has followed.
func (e *Engine) SetOffloads(gso, gro fastpath.Switch) error {
	return e.onWorkers(func(w *fastpath.Worker) error {
		w.SetOffloads(gso, gro)
		return nil
	})
}

// Workers returns the workers, by their numbers.
func (e *Engine) Workers() []*fastpath.Worker { return slices.Clone(e.workers) }

// StreamAddresses returns the addresses at which connections are accepted, in
// order; a wildcard stands as it is.
func (e *Engine) StreamAddresses() []netip.AddrPort { return e.acceptors.addresses() }

// HasTLS says whether connections can be ones of TLS.
func (e *Engine) HasTLS() bool { return e.acceptors.tls.Load() != nil }

// SetStreams changes Config.Streams, but for the listeners, and the workers' limits
// while the engine runs: for connections that come, and where limits of time and
// bytes are concerned for all. It waits until every worker has followed.
func (e *Engine) SetStreams(cfg StreamConfig, limits fastpath.StreamLimits) error {
	e.acceptors.set(cfg)
	if e.handshakes != nil {
		e.handshakes.set(cfg)
	}
	return e.onWorkers(func(w *fastpath.Worker) error {
		w.SetStreamLimits(limits)
		return nil
	})
}

// HasDTLS says whether datagrams can be ones of DTLS.
func (e *Engine) HasDTLS() bool { return e.handshakes != nil && e.handshakes.isOn.Load() }

// SetDTLS says whether strangers can begin an association of DTLS from now on; those
// that there are stay. It waits until every worker has followed.
func (e *Engine) SetDTLS(on bool) error {
	if e.handshakes == nil {
		return nil
	}
	e.handshakes.isOn.Store(on)
	return e.onWorkers(func(w *fastpath.Worker) error {
		w.SetDTLS(on)
		return nil
	})
}

// DTLSStats returns what happened to handshakes of DTLS so far.
func (e *Engine) DTLSStats() DTLSStats {
	if e.handshakes == nil {
		return DTLSStats{}
	}
	return e.handshakes.stats()
}

// StreamStats returns what happened to connections so far.
func (e *Engine) StreamStats() StreamStats { return e.acceptors.stats() }

// Addresses returns the addresses that are served now for datagrams, in order.
func (e *Engine) Addresses() []netip.AddrPort {
	e.mu.Lock()
	defer e.mu.Unlock()
	var addrs []netip.AddrPort
	for _, g := range e.groups {
		addrs = append(addrs, g.addr)
	}
	slices.SortFunc(addrs, netip.AddrPort.Compare)
	return addrs
}

// Alive returns nil once every worker has shown that it runs, and an error if
// one has not when ctx is done.
func (e *Engine) Alive(ctx context.Context) error {
	for _, w := range e.workers {
		done := make(chan struct{})
		if err := w.Post(func(*fastpath.Worker) { close(done) }); err != nil {
			return fmt.Errorf("ask worker %d: %w", w.ID(), err)
		}
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("wait for worker %d: %w", w.ID(), ctx.Err())
		}
	}
	return nil
}

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

	"github.com/fairlead/fairlead/internal/priority"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

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

// Workers returns the workers, by their numbers.
func (e *Engine) Workers() []*fastpath.Worker { return slices.Clone(e.workers) }

// StreamAddresses returns the addresses at which connections are accepted, in
// order; a wildcard stands as it is.
func (e *Engine) StreamAddresses() []netip.AddrPort { return e.acceptors.addresses() }

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
func (e *Engine) Alive(ctx context.Context) error { return e.ask(ctx, func() {}) }

// Threads returns the threads of the workers, by their numbers, once all of them
// run; they stay on these until they end.
func (e *Engine) Threads(ctx context.Context) ([]int, error) {
	var threads []int
	if err := e.ask(ctx, func() { threads = append(threads, priority.Thread()) }); err != nil {
		return nil, err // a worker may still be about to answer
	}
	return threads, nil
}

// ask calls f on the thread of each worker, one after the other.
func (e *Engine) ask(ctx context.Context, f func()) error {
	for _, w := range e.workers {
		done := make(chan struct{})
		if err := w.Post(func(*fastpath.Worker) { f(); close(done) }); err != nil {
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

package relay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// followInterval is how often the addresses of the interfaces are read: often
// enough for an address that a laptop or a failover brings, and 0.1 ms of work.
const followInterval = 3 * time.Second

var errNoAddress = errors.New("no local address to listen on")

// openListeners opens the groups of the start. The workers do not run yet.
func (e *Engine) openListeners() error {
	addrs, skipped := wanted(e.cfg.Listeners, e.addresses.All())
	e.noteSkipped(skipped)
	for _, addr := range addrs {
		err := e.openListener(addr, e.directly)
		if errors.Is(err, syscall.EADDRNOTAVAIL) && !slices.Contains(e.cfg.Listeners, addr) {
			e.noteFailure(addr, err) // an IPv6 address may not be ready yet
			continue
		}
		if err != nil {
			return err
		}
	}
	if len(e.groups) == 0 {
		return fmt.Errorf("listen on %v: %w", e.cfg.Listeners, errNoAddress)
	}
	return nil
}

// follow keeps the groups in step with the interfaces until ctx is done.
func (e *Engine) follow(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		changed, err := e.addresses.Refresh()
		if err != nil {
			e.log.Warn("cannot follow the interfaces", zap.Error(err))
			continue
		}
		if changed && e.cfg.AddressesChanged != nil {
			e.cfg.AddressesChanged()
		}
		e.reconcile(e.addresses.All())
	}
}

// reconcile opens the groups that are missing on a host with these addresses
// and closes those whose address is gone.
func (e *Engine) reconcile(local []netip.Addr) {
	e.reconciling.Lock()
	defer e.reconciling.Unlock()
	addrs, skipped := wanted(e.cfg.Listeners, local)
	e.noteSkipped(skipped)
	for _, addr := range e.served() {
		if !slices.Contains(addrs, addr) {
			e.closeListener(addr)
		}
	}
	served := e.served()
	for _, addr := range addrs {
		if slices.Contains(served, addr) {
			continue
		}
		if err := e.openListener(addr, e.onWorkers); err != nil {
			e.noteFailure(addr, err)
		}
	}
}

// served returns the addresses that have a group, as they were asked for.
func (e *Engine) served() []netip.AddrPort {
	e.mu.Lock()
	defer e.mu.Unlock()
	addrs := make([]netip.AddrPort, 0, len(e.groups))
	for addr := range e.groups {
		addrs = append(addrs, addr)
	}
	return addrs
}

// onEach calls a function for every worker, directly or on its thread.
type onEach func(f func(*fastpath.Worker) error) error

// openListener opens the group of an address and gives it to the workers. Only
// then does it receive.
func (e *Engine) openListener(addr netip.AddrPort, on onEach) error {
	id, err := e.idOf(addr)
	if err != nil {
		return err
	}
	g, err := openGroup(id, addr, len(e.workers), udpbatch.Options{
		ReceiveBufferBytes: e.cfg.ReceiveBufferBytes,
		SendBufferBytes:    e.cfg.SendBufferBytes,
	})
	if err != nil {
		return err
	}
	if err := on(g.addTo); err != nil {
		return errors.Join(err, g.closeAfter(on))
	}
	if err := g.sockets.Serve(); err != nil {
		return errors.Join(err, g.closeAfter(on))
	}
	e.mu.Lock()
	e.groups[addr] = g
	e.mu.Unlock()
	delete(e.failed, addr)
	e.log.Info("listening", logging.Server(g.addr), zap.Int("workers", len(e.workers)))
	return nil
}

// closeListener closes the group of an address that is gone.
func (e *Engine) closeListener(addr netip.AddrPort) {
	e.mu.Lock()
	g := e.groups[addr]
	delete(e.groups, addr)
	e.mu.Unlock()
	err := g.closeAfter(e.onWorkers)
	e.log.Info("stopped listening: the address is gone", logging.Server(g.addr), zap.Error(err))
}

// idOf returns the number of an address. An address that comes back gets its
// old one, so its clients find their allocations again.
func (e *Engine) idOf(addr netip.AddrPort) (fastpath.ListenerID, error) {
	if id, ok := e.ids[addr]; ok {
		return id, nil
	}
	if len(e.ids) > math.MaxUint16 {
		return 0, fmt.Errorf("listen on %s: all %d listener numbers were used", addr, len(e.ids))
	}
	id := fastpath.ListenerID(len(e.ids))
	e.ids[addr] = id
	return id, nil
}

// directly calls f for each worker, none of which runs yet.
func (e *Engine) directly(f func(*fastpath.Worker) error) error {
	for _, w := range e.workers {
		if err := f(w); err != nil {
			return err
		}
	}
	return nil
}

// postPause is how long a full inbox is left alone.
const postPause = 10 * time.Millisecond

// onWorkers calls f on the thread of each worker and waits until it has
// returned there. A worker that ends is passed over with an error; it serves no
// socket any more.
func (e *Engine) onWorkers(f func(*fastpath.Worker) error) error {
	errs := make(chan error, len(e.workers))
	for _, w := range e.workers {
		err := w.Post(func(w *fastpath.Worker) { errs <- f(w) })
		for errors.Is(err, fastpath.ErrInboxFull) {
			time.Sleep(postPause)
			err = w.Post(func(w *fastpath.Worker) { errs <- f(w) })
		}
		if err != nil {
			errs <- err
		}
	}
	var all []error
	for range e.workers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// noteSkipped logs the local addresses left out, once.
func (e *Engine) noteSkipped(skipped []netip.Addr) {
	for _, ip := range skipped {
		if !slices.Contains(e.skipped, ip) {
			e.log.Info("not listening on a link-local address: clients would have to name an interface", zap.Stringer("address", ip))
		}
	}
	e.skipped = skipped
}

// noteFailure logs why an address is not served, once for each reason.
func (e *Engine) noteFailure(addr netip.AddrPort, err error) {
	if e.failed[addr] == err.Error() {
		return
	}
	e.failed[addr] = err.Error()
	e.log.Warn("cannot listen yet, will try again", logging.Server(addr), zap.Error(err))
}

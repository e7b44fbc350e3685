package relay

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
)

// followInterval is how often the addresses of the interfaces are read: often
// enough for an address that a laptop or a failover brings, and 0.1 ms of work.
const followInterval = 3 * time.Second

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
			e.log.Warn("cannot follow the interfaces", logging.Err(err))
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
	e.log.Warn("cannot listen yet, will try again", logging.Server(addr), logging.Err(err))
}

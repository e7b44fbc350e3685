package relay

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"syscall"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

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
	if len(e.groups) == 0 && (len(e.cfg.Listeners) > 0 || len(e.cfg.Streams.Listeners) == 0) {
		return fmt.Errorf("listen on %v: %w", e.cfg.Listeners, errNoAddress)
	}
	return nil
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
		Freebind:           e.cfg.Freebind,
	})
	if err != nil {
		return err
	}
	g.onlyDTLS, g.proxies = e.cfg.DTLS.isOnly(g.addr), e.cfg.proxiesOf(g.addr)
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
	e.log.Info("listening", logging.Server(g.addr), zap.Int("workers", len(e.workers)),
		zap.Bool("plain", !g.onlyDTLS), zap.Bool("dtls", e.HasDTLS() && len(g.proxies) == 0), zap.Bool("proxies_only", len(g.proxies) > 0))
	return nil
}

// closeListener closes the group of an address that is gone.
func (e *Engine) closeListener(addr netip.AddrPort) {
	e.mu.Lock()
	g := e.groups[addr]
	delete(e.groups, addr)
	e.mu.Unlock()
	err := g.closeAfter(e.onWorkers)
	e.log.Info("stopped listening: the address is gone", logging.Server(g.addr), logging.Err(err))
}

// idOf returns the number of an address. An address that comes back gets its
// old one, so its clients find their allocations again.
func (e *Engine) idOf(addr netip.AddrPort) (fastpath.ListenerID, error) {
	if id, ok := e.ids[addr]; ok {
		return id, nil
	}
	if len(e.ids) >= math.MaxUint16 {
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

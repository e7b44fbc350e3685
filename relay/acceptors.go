package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// protocolsTURN are the application protocols of RFC 7443.
var protocolsTURN = []string{"stun.turn", "stun.nat-discovery"}

// errNoCertificate says what a TLS listener lacks.
var errNoCertificate = errors.New("TLS needs a certificate: set tls.certificates")

// acceptors takes connections and hands them to the workers.
type acceptors struct {
	log        *logging.Limited
	workers    []*fastpath.Worker
	clients    *access.Gate
	admissions *admissions
	passes     *passes
	counts     streamCounts

	cfg atomic.Pointer[StreamConfig] // replaced, never changed
	tls atomic.Pointer[tls.Config]   // made of cfg's; nil: no TLS

	listeners []acceptor
	running   sync.WaitGroup // goroutines of listeners and of connections
}

// acceptor is one listening socket.
type acceptor struct {
	socket  *net.TCPListener
	isTLS   bool
	proxies []netip.Prefix
	pass    *Pass // nil: no backend
}

// openAcceptors opens the listening sockets. Nothing is accepted until run.
func openAcceptors(engine Config, workers []*fastpath.Worker, log *zap.Logger) (*acceptors, error) {
	cfg := engine.Streams
	a := &acceptors{
		log:        logging.NewLimited(log),
		workers:    workers,
		clients:    engine.Clients,
		admissions: newAdmissions(cfg.MaxUnauthenticatedPerSource, cfg.MaxUnauthenticated),
		passes:     newPasses(cfg.MaxPassedPerSource, cfg.MaxPassed),
	}
	a.set(cfg)
	for _, l := range cfg.Listeners {
		if l.TLS && cfg.TLS == nil {
			return nil, errors.Join(fmt.Errorf("listen on %s: %w", l.Address, errNoCertificate), a.close())
		}
		socket, err := listenStream(l.Address, engine.Freebind)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen on %s: %w", l.Address, err), a.close())
		}
		a.listeners = append(a.listeners, acceptor{socket: socket, isTLS: l.TLS, proxies: l.Proxies, pass: l.Pass})
		log.Info("listening for streams", logging.Server(addrOf(socket.Addr())),
			zap.Bool("plain", !l.TLS), zap.Bool("tls", cfg.TLS != nil), zap.Bool("proxies_only", len(l.Proxies) > 0))
	}
	return a, nil
}

// set makes a configuration hold for connections that come from now on.
func (a *acceptors) set(cfg StreamConfig) {
	before := a.cfg.Swap(&cfg)
	a.admissions.setBounds(cfg.MaxUnauthenticatedPerSource, cfg.MaxUnauthenticated)
	a.passes.setBounds(cfg.MaxPassedPerSource, cfg.MaxPassed)
	switch {
	case cfg.TLS == nil:
		a.tls.Store(nil)
	case before == nil || before.TLS != cfg.TLS: // else its session tickets stay good
		a.tls.Store(forStreams(cfg.TLS))
	}
}

// forStreams adds to a configuration of TLS what clients of this server need.
func forStreams(cfg *tls.Config) *tls.Config {
	cfg = cfg.Clone()
	cfg.MinVersion = max(cfg.MinVersion, tls.VersionTLS12)
	if len(cfg.NextProtos) == 0 {
		cfg.NextProtos = protocolsTURN
	}
	// A write is what one wake-up brought: it shall stay one record.
	cfg.DynamicRecordSizingDisabled = true
	return cfg
}

// listenStream opens a listening socket; with freebind the host need not have the
// address yet.
func listenStream(addr netip.AddrPort, freebind bool) (*net.TCPListener, error) {
	network, control := "tcp4", stream.FreebindIPv4
	if addr.Addr().Is6() {
		network, control = "tcp6", stream.FreebindIPv6
	}
	if !freebind {
		control = nil
	}
	cfg := net.ListenConfig{Control: control}
	l, err := cfg.Listen(context.Background(), network, addr.String())
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// addrOf is the address of one end of a TCP connection, without zone.
func addrOf(addr net.Addr) netip.AddrPort {
	ap := addr.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}

// close closes the listening sockets. Again, it does nothing.
func (a *acceptors) close() error {
	var errs []error
	for _, l := range a.listeners {
		if err := l.socket.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// run accepts until ctx is done.
func (a *acceptors) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = a.close() })
	defer stop()
	for _, l := range a.listeners {
		a.running.Go(func() { a.accept(ctx, l) })
	}
	a.running.Wait()
}

// addresses returns where connections are accepted, in order.
func (a *acceptors) addresses() []netip.AddrPort {
	var addrs []netip.AddrPort
	for _, l := range a.listeners {
		addrs = append(addrs, addrOf(l.socket.Addr()))
	}
	slices.SortFunc(addrs, netip.AddrPort.Compare)
	return addrs
}

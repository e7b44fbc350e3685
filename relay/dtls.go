package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/dtls/handshake"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// DTLSConfig says how clients of DTLS are served.
type DTLSConfig struct {
	// TLS has the certificates; nil: no DTLS.
	TLS *tls.Config
	// Off says that there is none before SetDTLS.
	Off bool
	// Only are those of Config.Listeners that answer nothing else. The others take
	// plain UDP as well, told apart by the first byte (RFC 7983).
	Only []netip.AddrPort
}

// errNoCertificateDTLS says what a listener for DTLS lacks.
var errNoCertificateDTLS = errors.New("DTLS needs a certificate: set tls.certificates")

// isOnly says whether a listening address is one for DTLS alone, itself or as one
// of those that a wildcard stands for.
func (c *DTLSConfig) isOnly(addr netip.AddrPort) bool {
	return slices.ContainsFunc(c.Only, func(only netip.AddrPort) bool {
		if only.Addr().IsUnspecified() {
			return only.Addr().Is4() == addr.Addr().Is4() && only.Port() == addr.Port()
		}
		return only.Addr() == addr.Addr() && (only.Port() == addr.Port() || only.Port() == 0)
	})
}

// handshakes runs those of DTLS, a goroutine for each.
type handshakes struct {
	server     *handshake.Server
	cookies    *dtls.Cookies
	isOn       atomic.Bool
	timeout    atomic.Int64 // ns
	admissions *admissions
	counts     struct{ completed, failed atomic.Uint64 }

	ctx    context.Context // of all handshakes
	cancel context.CancelFunc

	running sync.WaitGroup // goroutines of handshakes
	mu      sync.Mutex
	closed  bool // guarded by mu
}

// DTLSStats is a snapshot of what happened to clients that have shown that their
// address is their own.
type DTLSStats struct {
	Completed       uint64 // handshakes, handed to a worker
	Failed          uint64 // handshakes that did not end well, or in time
	Refused         uint64 // their source had too many without authentication
	Evicted         uint64 // ended because there were too many in all
	Unauthenticated int    // now, those in a handshake included
}

// openHandshakes prepares for DTLS; nil without certificates.
func openHandshakes(cfg Config) (*handshakes, error) {
	if len(cfg.DTLS.Only) > 0 && (cfg.DTLS.TLS == nil || cfg.DTLS.Off) {
		return nil, fmt.Errorf("listen on %s: %w", cfg.DTLS.Only[0], errNoCertificateDTLS)
	}
	if cfg.DTLS.TLS == nil {
		return nil, nil
	}
	protocols := slices.DeleteFunc(slices.Clone(cfg.DTLS.TLS.NextProtos), func(p string) bool { return p == protocolACME })
	if len(protocols) == 0 {
		protocols = protocolsTURN
	}
	server, err := handshake.NewServer(cfg.DTLS.TLS, protocols)
	if err != nil {
		return nil, err
	}
	hs := &handshakes{
		server:     server,
		cookies:    dtls.NewCookies(),
		admissions: newAdmissions(cfg.Streams.MaxUnauthenticatedPerSource, cfg.Streams.MaxUnauthenticated),
	}
	hs.isOn.Store(!cfg.DTLS.Off)
	hs.set(cfg.Streams)
	hs.ctx, hs.cancel = context.WithCancel(context.Background())
	return hs, nil
}

// set makes the limits of a configuration hold for handshakes that begin from now on.
func (hs *handshakes) set(cfg StreamConfig) {
	hs.timeout.Store(int64(cfg.HandshakeTimeout))
	hs.admissions.setBounds(cfg.MaxUnauthenticatedPerSource, cfg.MaxUnauthenticated)
}

// secureDatagrams is what a worker needs for DTLS.
func (e *Engine) secureDatagrams() fastpath.DTLS {
	if e.handshakes == nil {
		return fastpath.DTLS{}
	}
	return fastpath.DTLS{
		Cookies: e.handshakes.cookies,
		Begin:   e.handshakes.begin,
		Pass:    func(worker int, f func(*fastpath.Worker)) error { return e.workers[worker].Post(f) },
		Workers: e.cfg.Workers,
		Off:     !e.HasDTLS(),
	}
}

// run waits until ctx is done, and then for the handshakes to end.
func (hs *handshakes) run(ctx context.Context) {
	<-ctx.Done()
	hs.mu.Lock()
	hs.closed = true
	hs.mu.Unlock()
	hs.cancel()
	hs.running.Wait()
}

// begin is fastpath.DTLS.Begin.
func (hs *handshakes) begin(w *fastpath.Worker, c fastpath.DTLSClient) fastpath.Handshake {
	out := &outbox{worker: w, id: c.ID}
	h, err := hs.server.New(handshake.Client{Address: c.Client, Hello: c.Hello, CID: dtls.NewCID(w.ID())}, out.put)
	if err != nil {
		return nil
	}
	place := hs.admissions.admit(c.Client.Addr(), func() { h.Release() })
	if place == nil {
		return nil
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.closed {
		hs.admissions.settle(place)
		return nil
	}
	hs.running.Go(func() { hs.shake(w, c.ID, h, place) })
	return h
}

// shake runs one handshake, and gives what it has led to to the worker. One that has
// stopped has forgotten the handshake already.
func (hs *handshakes) shake(w *fastpath.Worker, id fastpath.DTLSID, h *handshake.Handshake, place *admission) {
	ctx, cancel := context.WithTimeout(hs.ctx, time.Duration(hs.timeout.Load()))
	result, err := h.Run(ctx)
	cancel()
	if err != nil {
		hs.counts.failed.Add(1)
		hs.admissions.settle(place)
		_ = w.Deliver(context.Background(), func(w *fastpath.Worker) { w.AbandonDTLS(id) })
		return
	}
	hs.counts.completed.Add(1)
	settle := func() { hs.admissions.settle(place) }
	_ = w.Deliver(context.Background(), func(w *fastpath.Worker) {
		id, err := w.EstablishDTLS(id, fastpath.DTLSResult{Keys: result.Keys, ServerName: result.ServerName, Settle: settle})
		if err != nil {
			return // settled; it was given up meanwhile
		}
		evict := func() { _ = w.Post(func(w *fastpath.Worker) { w.EvictStream(id) }) }
		if !hs.admissions.recut(place, evict) {
			w.EvictStream(id)
		}
	})
	h.Linger(hs.ctx)
}

func (hs *handshakes) stats() DTLSStats {
	return DTLSStats{
		Completed:       hs.counts.completed.Load(),
		Failed:          hs.counts.failed.Load(),
		Refused:         hs.admissions.refused.Load(),
		Evicted:         hs.admissions.evicted.Load(),
		Unauthenticated: hs.admissions.waitingNow(),
	}
}

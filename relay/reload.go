package relay

import (
	"context"
	"errors"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// SetOffloads changes Config.GSO and Config.GRO while the engine runs, and waits
// until every worker has followed.
func (e *Engine) SetOffloads(gso, gro fastpath.Switch) error {
	return e.onWorkers(func(w *fastpath.Worker) error {
		w.SetOffloads(gso, gro)
		return nil
	})
}

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

// onWorkers calls f on the thread of each worker and waits until it has
// returned there. A worker that ends is passed over with an error; it serves no
// socket any more.
func (e *Engine) onWorkers(f func(*fastpath.Worker) error) error {
	errs := make(chan error, len(e.workers))
	for _, w := range e.workers {
		if err := w.Deliver(context.Background(), func(w *fastpath.Worker) { errs <- f(w) }); err != nil {
			errs <- err
		}
	}
	var all []error
	for range e.workers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

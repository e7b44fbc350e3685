package relay

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// group is the listening sockets of one address, one for each worker.
type group struct {
	id      fastpath.ListenerID
	addr    netip.AddrPort
	sockets udpbatch.Group

	onlyDTLS bool
	proxies  []netip.Prefix // the only sources; empty: clients
}

// openGroup opens the sockets of an address. They are deaf until serve.
func openGroup(id fastpath.ListenerID, addr netip.AddrPort, workers int, o udpbatch.Options) (*group, error) {
	sockets, err := udpbatch.ListenGroup(addr, workers, selector(addr.Addr(), workers), o)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return &group{id: id, addr: sockets[0].Local(), sockets: sockets}, nil
}

// addTo gives a worker its socket. It runs on the worker's thread.
func (g *group) addTo(w *fastpath.Worker) error {
	err := w.AddListener(g.id, g.addr, g.sockets[w.ID()])
	if g.onlyDTLS {
		w.OnlyDTLS(g.id)
	}
	w.OnlyProxies(g.id, g.proxies)
	return err
}

// closeAfter takes the group away from the workers and then closes it. Nothing
// is received meanwhile.
func (g *group) closeAfter(on onEach) error {
	var errs []error
	for _, c := range g.sockets {
		errs = append(errs, c.Mute())
	}
	errs = append(errs, on(func(w *fastpath.Worker) error {
		w.RemoveListener(g.id)
		return nil
	}))
	return errors.Join(append(errs, g.sockets.Close())...)
}

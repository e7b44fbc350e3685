package fastpath

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
)

// listener is a listening socket with what waits to be sent from it: datagrams
// of peers, or answers.
type listener struct {
	id      ListenerID
	addr    netip.AddrPort
	conn    *udpbatch.Conn
	pace    pace
	batch   *udpbatch.SendBatch
	waiting [batchViews]outgoing            // by packet of batch
	headers [batchViews][wire.Headroom]byte // by packet of batch, where it came in a train
	touched bool                            // in the list of listeners to flush

	onlyDTLS bool           // answers nothing else
	proxies  []netip.Prefix // the only sources, see proxied.go; nil: datagrams come from clients
}

// outgoing is what a failed packet needs to be accounted for.
type outgoing struct {
	allocation AllocationID // 0: an answer
	payload    uint32       // bytes
}

// AddListener makes the worker serve a socket under a number that is free on
// it. The socket stays the caller's: it must outlive RemoveListener or Run.
func (w *Worker) AddListener(id ListenerID, addr netip.AddrPort, c *udpbatch.Conn) error {
	if w.listener(id) != nil {
		return fmt.Errorf("add listener %d: %w", id, ErrExists)
	}
	if err := w.poller.Add(c, listenerToken|uint32(id)); err != nil {
		return fmt.Errorf("watch listener %s: %w", addr, err)
	}
	if missing := int(id) + 1 - len(w.listeners); missing > 0 {
		w.listeners = append(w.listeners, make([]*listener, missing)...)
		w.down.touched = slices.Grow(w.down.touched, len(w.listeners))
	}
	l := &listener{id: id, addr: addr, conn: c, batch: udpbatch.NewSendBatch(batchPackets, batchViews)}
	l.batch.SetSegmentation(w.offloads.segmentation)
	if w.offloads.trains == On {
		w.startTrains(c)
	}
	w.listeners[id] = l
	return nil
}

// OnlyDTLS makes a listener answer nothing but DTLS. Relaying needs no rule of its
// own: without an answer nobody gets an allocation there.
func (w *Worker) OnlyDTLS(id ListenerID) {
	if l := w.listener(id); l != nil {
		l.onlyDTLS = true
	}
}

// RemoveListener stops serving a socket. Allocations that came through it stay,
// but cannot reach their clients unless the number is added again.
func (w *Worker) RemoveListener(id ListenerID) {
	l := w.listener(id)
	if l == nil {
		return
	}
	w.flushClients()
	w.listeners[id] = nil
	// It fails only for a socket that is not in the set.
	_ = w.poller.Remove(l.conn)
}

// ListenerAddr returns a listening socket's address; the zero value if there is
// none with this number.
func (w *Worker) ListenerAddr(id ListenerID) netip.AddrPort {
	if l := w.listener(id); l != nil {
		return l.addr
	}
	return netip.AddrPort{}
}

// ListenerAt returns the number of the listening socket at an address.
func (w *Worker) ListenerAt(addr netip.AddrPort) (id ListenerID, ok bool) {
	for _, l := range w.listeners {
		if l != nil && l.addr == addr {
			return l.id, true
		}
	}
	return 0, false
}

func (w *Worker) listener(id ListenerID) *listener {
	if int(id) < len(w.listeners) {
		return w.listeners[id]
	}
	return nil
}

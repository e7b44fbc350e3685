package tcprelay

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

// Connect opens a connection to a peer. An error is given at once; otherwise done
// is called later, on another goroutine, with the number of the connection or with
// ErrConnect or ErrClosed.
func (a *Allocation) Connect(peer netip.AddrPort, done func(id uint32, err error)) error {
	r := a.relay
	ctx, cancel := context.WithTimeout(context.Background(), r.cfg.ConnectTimeout)
	c := &connection{allocation: a, peer: peer, cancel: cancel}
	r.mu.Lock()
	err := r.enterLocked(c, stateConnecting)
	if err == nil {
		r.running.Go(func() {
			defer cancel()
			conn, err := a.dial(ctx, peer)
			done(r.connected(c, conn, err))
		})
	}
	r.mu.Unlock()
	if err != nil {
		cancel()
	}
	return err
}

// Has says whether the allocation has a connection to a peer, or is about to.
func (a *Allocation) Has(peer netip.AddrPort) bool {
	a.relay.mu.Lock()
	defer a.relay.mu.Unlock()
	return a.connections[peer] != nil
}

// connected says how a Connect came out.
func (r *Relay) connected(c *connection, conn *net.TCPConn, err error) (id uint32, _ error) {
	r.mu.Lock()
	switch {
	case c.state != stateConnecting: // the allocation has ended meanwhile
		err = ErrClosed
	case err != nil:
		r.removeLocked(c)
		r.countFailure(err)
	default:
		r.counts.connected.Add(1)
		id = r.unboundLocked(c, conn)
	}
	r.mu.Unlock()
	if err != nil && conn != nil {
		_ = conn.Close()
	}
	return id, err
}

func (r *Relay) countFailure(err error) {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		r.counts.timedOut.Add(1)
		return
	}
	r.counts.failed.Add(1)
}

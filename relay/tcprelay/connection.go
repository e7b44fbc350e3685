package tcprelay

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
)

// state is how far a connection has come.
type state uint8

const (
	stateNew        state = iota // not counted yet
	stateConnecting              // a Connect is under way
	stateUnbound                 // connected to the peer, no client yet
	stateBound                   // a pair of data connections
	stateClosed
)

// connection is one to a peer, from the Connect or the accept on until its end.
// Fields without a word about it do not change.
type connection struct {
	allocation *Allocation
	peer       netip.AddrPort
	cancel     context.CancelFunc // of the Connect; nil for a connection of the peer

	id     uint32       // guarded by Relay.mu
	state  state        // guarded by Relay.mu
	conn   *net.TCPConn // to the peer; set once, before stateUnbound, under Relay.mu
	client *stream.Conn // attached; guarded by Relay.mu
	expiry *time.Timer  // of stateUnbound; guarded by Relay.mu

	lingers atomic.Bool // one side has ended
	gone    atomic.Bool // and takes nothing any more
}

// ending is what is closed when a connection is over.
type ending struct {
	conn   *net.TCPConn
	client *stream.Conn
	cancel context.CancelFunc
}

func (e ending) close() {
	if e.cancel != nil {
		e.cancel()
	}
	if e.conn != nil {
		_ = e.conn.Close()
	}
	if e.client != nil {
		e.client.Abort()
	}
}

func closeAll(ended []ending) {
	for _, e := range ended {
		e.close()
	}
}

// enterConnected counts the connection of a peer and gives it a number.
func (r *Relay) enterConnected(c *connection, conn *net.TCPConn) (id uint32, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.enterLocked(c, stateUnbound); err != nil {
		return 0, err
	}
	r.counts.accepted.Add(1)
	return r.unboundLocked(c, conn), nil
}

// enterLocked counts a connection without a client, if there is room for it.
func (r *Relay) enterLocked(c *connection, as state) error {
	a, source := c.allocation, sourceOf(c.allocation.owner.Control.Addr())
	switch {
	case r.isClosed || a.isClosed:
		return ErrClosed
	case a.connections[c.peer] != nil:
		return ErrExists
	case a.most > 0 && len(a.connections) >= a.most:
		return ErrTooMany
	case r.cfg.MaxUnbound > 0 && r.waiting >= r.cfg.MaxUnbound,
		r.cfg.MaxUnboundPerClient > 0 && r.clients[source] >= r.cfg.MaxUnboundPerClient:
		return ErrTooManyUnbound
	}
	a.connections[c.peer] = c
	r.waiting++
	r.clients[source]++
	c.state = as
	return nil
}

// unboundLocked makes a connection wait for its client.
func (r *Relay) unboundLocked(c *connection, conn *net.TCPConn) (id uint32) {
	c.state, c.conn = stateUnbound, conn
	for c.id == 0 || r.unbound[c.id] != nil {
		c.id = randomID()
	}
	r.unbound[c.id] = c
	c.expiry = time.AfterFunc(r.cfg.BindTimeout, func() { r.expire(c) })
	return c.id
}

// randomID is a number that a stranger cannot guess (RFC 6062 section 6.2.1: 32
// bits).
func randomID() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}

// expire ends a connection that no client came for.
func (r *Relay) expire(c *connection) {
	r.mu.Lock()
	if c.state != stateUnbound {
		r.mu.Unlock()
		return
	}
	ended := r.removeLocked(c)
	r.mu.Unlock()
	r.counts.expired.Add(1)
	ended.close()
}

// remove ends a connection.
func (r *Relay) remove(c *connection) {
	r.mu.Lock()
	ended := r.removeLocked(c)
	r.mu.Unlock()
	ended.close()
}

// removeLocked takes a connection out of every count and returns what the caller
// has to close. Again, that is nothing.
func (r *Relay) removeLocked(c *connection) (ended ending) {
	if c.state == stateClosed {
		return ending{}
	}
	r.settleLocked(c)
	if c.state == stateBound {
		r.bound--
	}
	c.state = stateClosed
	delete(c.allocation.connections, c.peer)
	return ending{conn: c.conn, client: c.client, cancel: c.cancel}
}

// settleLocked takes a connection out of those that wait for a client.
func (r *Relay) settleLocked(c *connection) {
	if c.state != stateConnecting && c.state != stateUnbound {
		return
	}
	if c.state == stateUnbound {
		delete(r.unbound, c.id)
		c.expiry.Stop()
	}
	source := sourceOf(c.allocation.owner.Control.Addr())
	r.waiting--
	if r.clients[source]--; r.clients[source] == 0 {
		delete(r.clients, source)
	}
}

package tcprelay

import (
	"sync"

	"github.com/fairlead/fairlead/internal/stream"
)

// Binding is a connection that has found its client. Exactly one of Run and Abandon
// is to be called.
type Binding struct{ c *connection }

// Bind takes a waiting connection for a client (RFC 6062 section 5.4), who must be
// the user of the allocation. It returns ErrUnknown or ErrWrongUser.
func (r *Relay) Bind(id uint32, user User) (Binding, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.unbound[id]
	switch {
	case c == nil || r.isClosed:
		return Binding{}, ErrUnknown
	case c.allocation.owner.User != user:
		return Binding{}, ErrWrongUser
	}
	r.settleLocked(c)
	c.state = stateBound
	r.bound++
	r.running.Add(1) // Run or Abandon takes it back
	return Binding{c}, nil
}

// Abandon closes the connection: its client is gone.
func (b Binding) Abandon() {
	b.c.allocation.relay.remove(b.c)
	b.c.allocation.relay.running.Done()
}

// Run copies between client and peer until both have ended, on goroutines of its
// own. The detached connection of the client becomes the Binding's. out goes to the
// client before anything else, and in is what the client has sent already.
func (b Binding) Run(client *stream.Conn, in, out []byte) {
	go func() {
		defer b.c.allocation.relay.running.Done()
		b.c.serve(client, in, out)
	}()
}

// serve is the life of a pair of data connections.
func (c *connection) serve(detached *stream.Conn, in, out []byte) {
	r := c.allocation.relay
	defer r.remove(c)
	client, rest, err := detached.Attach()
	if err != nil {
		return
	}
	if !r.join(c, detached) {
		return
	}
	if detached.Flush() != nil {
		return
	}
	if _, err := client.Write(out); err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { c.copy(ToClient, client, newSource(c.conn, nil)) })
	c.copy(ToPeer, c.conn, newSource(client, append(in, rest...)))
	back.Wait()
	_ = client.Close() // says goodbye, which is all that is left to do
}

// join notes the client's connection, so that whoever ends the pair closes it. False:
// the pair was ended already; then it is closed here.
func (r *Relay) join(c *connection, client *stream.Conn) bool {
	r.mu.Lock()
	isLive := c.state == stateBound
	if isLive {
		c.client = client
	}
	r.mu.Unlock()
	if !isLive {
		client.Abort()
	}
	return isLive
}

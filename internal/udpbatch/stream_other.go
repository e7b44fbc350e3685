//go:build !linux || portable

package udpbatch

// Stream is a connected stream socket, which a Poller watches beside its Conns.
type Stream interface {
	OnReady(func())
	Ready() (readable, writable bool)
}

// AddStream watches a stream socket for something to read. The token comes back
// with its events.
func (p *Poller) AddStream(s Stream, token uint32) error {
	w := &watch{poller: p, token: token, stream: s, recv: true}
	p.mu.Lock()
	p.streams[token] = w
	p.mu.Unlock()
	s.OnReady(func() { p.notify(w) })
	p.notify(w)
	return nil
}

// WatchStream changes what a stream socket is watched for: something to read,
// room to write.
func (p *Poller) WatchStream(_ Stream, token uint32, recv, send bool) error {
	p.mu.Lock()
	w := p.streams[token]
	w.recv, w.send = recv, send
	p.mu.Unlock()
	p.notify(w)
	return nil
}

// RemoveStream stops watching a stream socket. It must come before the socket is
// closed.
func (p *Poller) RemoveStream(s Stream, token uint32) error {
	s.OnReady(func() {})
	p.mu.Lock()
	w := p.streams[token]
	delete(p.streams, token)
	p.mu.Unlock()
	p.forget(w)
	return nil
}

// event returns what a watched socket has to report now.
func (w *watch) event() (e Event, found bool) {
	e.Token = w.token
	if w.stream == nil {
		e.Readable = len(w.conn.queue) > 0
		return e, e.Readable
	}
	readable, writable := w.stream.Ready()
	e.Readable, e.Writable = readable && w.recv, writable && w.send
	return e, e.Readable || e.Writable
}

package httpserve

import (
	"net"
	"sync"
)

// limited is a listener with a bound on its open connections. While it is
// reached, further ones wait in the kernel's backlog, which is bounded, too.
type limited struct {
	net.Listener
	slots chan struct{} // holds one token per open connection
}

func (l *limited) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{Conn: conn, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

type limitedConn struct {
	net.Conn
	free func()
}

func (c *limitedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}

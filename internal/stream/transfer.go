package stream

import "syscall"

// maxRecord is what one TLS record takes (RFC 8446 section 5.1). Larger writes
// would become several records, each with a system call.
const maxRecord = 16384

// Recv reads what is there, at most len(b) bytes. Open false means that the
// connection is over, by the other end or an error; n bytes came before.
func (c *Conn) Recv(b []byte) (n int, open bool) {
	if c.tls != nil {
		return c.recvTLS(b)
	}
	c.more = false
	n = copy(b, c.link.first)
	c.link.first = c.link.first[n:]
	m, errno := c.link.socket.recv(b[n:])
	switch errno {
	case 0:
		return n + m, m > 0
	case syscall.EAGAIN, syscall.EINTR:
		return n, true
	}
	return n, false
}

func (c *Conn) recvTLS(b []byte) (n int, open bool) {
	c.link.drained = false
	for n < len(b) {
		m, err := c.tls.Read(b[n:])
		n += m
		if err != nil {
			c.more = false
			return n, err == errAgain
		}
	}
	c.more = true
	return n, true
}

// Send gives bytes to the connection and returns how many were taken. Fewer than
// all, or Unsent, means that the socket is full: try again when it is writable.
// Open false means that the connection is over.
func (c *Conn) Send(b []byte) (n int, open bool) {
	if c.tls != nil {
		return c.sendTLS(b)
	}
	for n < len(b) {
		m, errno := c.link.socket.send(b[n:])
		if errno != 0 {
			return n, errno == syscall.EAGAIN || errno == syscall.EINTR
		}
		if n += m; n < len(b) {
			break // the socket is full
		}
	}
	return n, true
}

func (c *Conn) sendTLS(b []byte) (n int, open bool) {
	c.link.sendRest()
	for n < len(b) && len(c.link.rest) == 0 && !c.link.failed {
		m, err := c.tls.Write(b[n:min(len(b), n+maxRecord)])
		n += m
		if err != nil {
			return n, false
		}
	}
	return n, !c.link.failed
}

package stream

import (
	"errors"
	"net"
	"time"
)

// Options are the wishes for a client's socket.
type Options struct {
	// KeepAlive is how long a connection may be silent before the kernel asks
	// whether the client is still there, and the pause between its questions;
	// 0 never asks.
	KeepAlive time.Duration
	// UserTimeout is how long sent bytes may stay unacknowledged before the kernel
	// gives the connection up (TCP_USER_TIMEOUT, RFC 5482); 0 leaves it to the
	// system, and systems other than Linux always do.
	UserTimeout time.Duration
}

// keepAliveCount is how many unanswered questions end a connection.
const keepAliveCount = 3

// Tune applies options to an accepted connection. Small writes leave at once.
func Tune(c *net.TCPConn, o Options) error {
	return errors.Join(
		c.SetNoDelay(true),
		c.SetKeepAliveConfig(net.KeepAliveConfig{
			Enable: o.KeepAlive > 0, Idle: o.KeepAlive, Interval: o.KeepAlive, Count: keepAliveCount,
		}),
		tuneSystem(c, o),
	)
}

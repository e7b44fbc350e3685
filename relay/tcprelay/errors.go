package tcprelay

import "errors"

// What can be asked in vain.
var (
	// ErrExists: the allocation has a connection to this peer, or is about to.
	ErrExists = errors.New("a connection to this peer exists")
	// ErrConnect: no connection to the peer in time, or at all.
	ErrConnect = errors.New("cannot connect to the peer")
	// ErrTooMany: the allocation has as many connections as it may have.
	ErrTooMany = errors.New("too many connections of the allocation")
	// ErrTooManyUnbound: too many connections wait for their client, of this client
	// or in all.
	ErrTooManyUnbound = errors.New("too many connections without a client")
	// ErrUnknown: no connection that waits for its client has this number.
	ErrUnknown = errors.New("no such connection")
	// ErrWrongUser: the connection is another user's.
	ErrWrongUser = errors.New("connection of another user")
	// ErrClosed: the allocation has ended.
	ErrClosed = errors.New("the allocation has ended")
)

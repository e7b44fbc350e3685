package fastpath

import "errors"

// What control code can be told. Each means that nothing was changed.
var (
	// ErrInboxFull: the worker is behind; the caller decides whether to try again,
	// as Deliver does.
	ErrInboxFull = errors.New("worker inbox is full")
	// ErrStopped: the worker has ended, or is about to.
	ErrStopped = errors.New("worker has stopped")
	// ErrExists: the client has an allocation on this listener, or the listener's
	// number is taken.
	ErrExists = errors.New("entry exists")
	// ErrNoAllocation: no allocation has this number.
	ErrNoAllocation = errors.New("no such allocation")
	// ErrNoListener: no listening socket has this number.
	ErrNoListener = errors.New("no such listener")
	// ErrFamily: the peer's address family is not that of the relayed transport
	// address.
	ErrFamily = errors.New("peer is of another address family")
	// ErrChannelBound: the number is bound to another peer, or the peer to
	// another number (RFC 8656 section 12.2).
	ErrChannelBound = errors.New("channel number or peer is bound otherwise")
	// ErrNoHandshake: the handshake is not under way any more.
	ErrNoHandshake = errors.New("no such handshake")
)

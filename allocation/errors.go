package allocation

import "errors"

// What a request can ask of a Table in vain. Each stands for one STUN error.
var (
	// ErrExists: the five-tuple has a live allocation (437).
	ErrExists = errors.New("five-tuple has an allocation")
	// ErrPeerFamily: the peer's address family is not the relayed one (443).
	ErrPeerFamily = errors.New("peer address family differs from the relayed one")
	// ErrChannelNumber: the number is outside of the range for channels (400).
	ErrChannelNumber = errors.New("channel number out of range")
	// ErrChannelMismatch: the number is bound to another peer, or the peer to
	// another number (400).
	ErrChannelMismatch = errors.New("channel number or peer is bound otherwise")
	// ErrTooManyPermissions: Config.MaxPermissions is reached (508).
	ErrTooManyPermissions = errors.New("too many permissions")
	// ErrTooManyChannels: Config.MaxChannels is reached (508).
	ErrTooManyChannels = errors.New("too many channels")
)

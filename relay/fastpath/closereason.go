package fastpath

// CloseReason says why a stream was closed.
type CloseReason uint8

// The reasons.
const (
	// closeNone: not closed.
	closeNone CloseReason = iota
	// CloseClient: by the client, or because the connection failed.
	CloseClient
	// CloseMalformed: neither STUN nor ChannelData, so that no next frame can be
	// found.
	CloseMalformed
	// CloseTimeout and CloseBytes: the client used up its time, or its bytes,
	// without authenticating.
	CloseTimeout
	CloseBytes
	// CloseIdle: no allocation and nothing received for too long.
	CloseIdle
	// CloseReplaced: the client has opened another connection by the same path.
	CloseReplaced
	// CloseEvicted: one of too many clients that have not authenticated.
	CloseEvicted
	// CloseStopped: the worker ended.
	CloseStopped
	// CloseBound: not closed, but become a client data connection of TCP relaying
	// (RFC 6062), which is no worker's.
	CloseBound
	// CloseDenied: Config.Clients does not admit the client any more.
	CloseDenied

	// NumCloseReasons is the number of reasons, for arrays of counters.
	NumCloseReasons = int(iota)
)

// closeNames are part of metric names; they do not change.
var closeNames = [NumCloseReasons]string{
	closeNone:      "none",
	CloseClient:    "client",
	CloseMalformed: "malformed",
	CloseTimeout:   "authentication_timeout",
	CloseBytes:     "unauthenticated_bytes",
	CloseIdle:      "idle",
	CloseReplaced:  "replaced",
	CloseEvicted:   "evicted",
	CloseStopped:   "stopped",
	CloseBound:     "bound",
	CloseDenied:    "denied",
}

// String returns the name that metrics use.
func (r CloseReason) String() string {
	if int(r) < NumCloseReasons {
		return closeNames[r]
	}
	return "invalid"
}

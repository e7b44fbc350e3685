package server

import (
	"errors"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// What a handler refuses a request for. Each stands once in errorCodes.
var (
	errTryAlternate    = errors.New("another server should be tried")
	errBadRequest      = errors.New("malformed request")
	errUnauthorized    = errors.New("no or wrong credentials")
	errStaleNonce      = errors.New("stale nonce")
	errForbidden       = errors.New("peer address forbidden")
	errMobility        = errors.New("mobility is not for this server, or for nobody's allocation")
	errNoTCPRelay      = errors.New("relaying of TCP connections is off")
	errRelayKind       = errors.New("not with an allocation of this kind")
	errUnknownRequired = errors.New("unknown comprehension-required attribute")
	errMismatch        = errors.New("allocation mismatch")
	errFamily          = errors.New("address family not supported")
	errWrongUser       = errors.New("allocation belongs to another user")
	errTransport       = errors.New("transport protocol not supported")
	errNoPort          = errors.New("no relay port free")
	errNoSocket        = errors.New("no relay socket")
	errNoBucket        = errors.New("no bandwidth bucket free")
	errNewPeers        = errors.New("too many new peers")
	errBadToken        = errors.New("no such reservation")
	errDraining        = errors.New("the server takes no more allocations")
	errInternal        = errors.New("internal error")
)

// errorCodes is the one table from what went wrong to what the client is
// told: RFC 8489 section 14.8, RFC 8656 section 19 and RFC 6062 section 6.3. The first entry that
// matches counts.
var errorCodes = [...]struct {
	is   error
	code int
}{
	{errTryAlternate, 300},
	{errBadRequest, 400},
	{allocation.ErrChannelNumber, 400},
	{allocation.ErrChannelMismatch, 400},
	{tcprelay.ErrUnknown, 400},
	{errUnauthorized, 401},
	{errForbidden, 403},
	{errNoTCPRelay, 403},
	{errRelayKind, 403},
	{errMobility, 405},
	{errUnknownRequired, 420},
	{errMismatch, 437},
	{allocation.ErrExists, 437},
	{tcprelay.ErrClosed, 437},
	{errStaleNonce, 438},
	{errFamily, 440},
	{errWrongUser, 441},
	{tcprelay.ErrWrongUser, 441},
	{errTransport, 442},
	{allocation.ErrPeerFamily, 443},
	{tcprelay.ErrExists, 446},
	{tcprelay.ErrConnect, 447},
	{quota.ErrExceeded, 486},
	{errInternal, 500},
	{errNoPort, 508},
	{errNoSocket, 508},
	{errNoBucket, 508},
	{quota.ErrNoBucket, 508},
	{errNewPeers, 508},
	{errBadToken, 508},
	{errDraining, 508},
	{allocation.ErrTooManyPermissions, 508},
	{allocation.ErrTooManyChannels, 508},
	{tcprelay.ErrTooMany, 508},
	{tcprelay.ErrTooManyUnbound, 508},
}

// codeOf is the STUN error code for err.
func codeOf(err error) int {
	for _, entry := range errorCodes {
		if errors.Is(err, entry.is) {
			return entry.code
		}
	}
	return 500
}

package server

import (
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/wire"
)

// allocateAsk is what an Allocate request asks for, checked as RFC 8656
// section 7.2 steps 3 to 9 demand.
type allocateAsk struct {
	lifetime    time.Duration // 0: not given
	family      wire.Family
	dual        bool // IPv4 and IPv6
	evenPort    bool
	reserveNext bool // EVEN-PORT with the R bit
	token       token
	hasToken    bool
	isMobile    bool // RFC 8016
	tcp         bool // a TCP allocation, RFC 6062
}

func (h *Handler) readAllocate(r *request) (allocateAsk, error) {
	var ask allocateAsk
	protocol, present, err := r.msg.RequestedTransport()
	switch {
	case err != nil || !present:
		return ask, errBadRequest
	case protocol == wire.ProtocolTCP:
		if err := h.checkTCPAllocate(r); err != nil {
			return ask, err
		}
		ask.tcp = true
	case protocol != wire.ProtocolUDP:
		return ask, errTransport
	}
	if ask.reserveNext, ask.evenPort, err = r.msg.EvenPort(); err != nil {
		return ask, errBadRequest
	}
	if ask.token, ask.hasToken, err = r.msg.ReservationToken(); err != nil {
		return ask, errBadRequest
	}
	if ask.lifetime, _, err = r.msg.Lifetime(); err != nil {
		return ask, errBadRequest
	}
	if ask.isMobile, err = h.readMobility(r); err != nil {
		return ask, err
	}
	family, hasFamily, err := r.msg.RequestedFamily()
	if err != nil {
		return ask, errBadRequest
	}
	additional, hasAdditional, err := r.msg.AdditionalFamily()
	if err != nil {
		return ask, errBadRequest
	}
	switch {
	case ask.hasToken && (ask.evenPort || hasFamily || hasAdditional),
		hasFamily && hasAdditional,
		ask.reserveNext && hasAdditional,
		hasAdditional && additional != wire.FamilyIPv6:
		return ask, errBadRequest
	case hasFamily && family != wire.FamilyIPv4 && family != wire.FamilyIPv6:
		return ask, errFamily
	case hasAdditional:
		family, ask.dual = wire.FamilyIPv4, true
	case !hasFamily:
		family = h.server.defaultFamily(r.from.Client.Addr())
	}
	ask.family = family
	return ask, nil
}

// port is how the ports of the relayed transport addresses are chosen.
func (ask allocateAsk) port() takePort {
	if ask.evenPort {
		return (*allocation.PortPool).TakeEven
	}
	return (*allocation.PortPool).Take
}

package server

import (
	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// transports turns what the fast path calls a transport into the word of a
// five-tuple.
var transports = [...]allocation.Transport{
	fastpath.TransportUDP:  allocation.TransportUDP,
	fastpath.TransportTCP:  allocation.TransportTCP,
	fastpath.TransportTLS:  allocation.TransportTLS,
	fastpath.TransportDTLS: allocation.TransportDTLS,
}

// tupleOf is the five-tuple of a message.
func tupleOf(from *fastpath.Message) allocation.FiveTuple {
	return allocation.FiveTuple{Transport: transports[from.Transport], Client: from.Client, Server: from.Server}
}

// StreamClosed ends the allocations of a client whose connection is over, RFC 8656
// section 3.1, unless they are mobile; it is the worker's
// fastpath.Config.StreamClosed.
func (h *Handler) StreamClosed(w *fastpath.Worker, from *fastpath.Message) {
	h.enter(w)
	tuple, cause := tupleOf(from), endDisconnected
	isMobile := h.streamEnded(tuple)
	if h.verdict(from) != access.Admitted { // it cannot come back
		isMobile, cause = false, endDenied
	}
	if isMobile {
		return
	}
	for a := h.table.Find(tuple); a != nil; a = h.table.Find(tuple) { // one of each family
		h.end(a, cause)
	}
}

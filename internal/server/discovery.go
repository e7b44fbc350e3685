package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// maxPadding bounds the PADDING of an answer, so that every answer fits into a
// datagram.
const maxPadding = 60_000

// Discovery is what NAT behaviour discovery needs in one address family: two
// addresses with the same two ports each (RFC 5780 section 6). All four transport
// addresses must be listened on.
type Discovery struct {
	Addresses [2]netip.Addr
	Ports     [2]uint16
}

// Listeners returns the four transport addresses.
func (d Discovery) Listeners() []netip.AddrPort {
	var all []netip.AddrPort
	for _, addr := range d.Addresses {
		for _, port := range d.Ports {
			all = append(all, netip.AddrPortFrom(addr, port))
		}
	}
	return all
}

// from returns the address that an answer leaves from when its request reached
// this server at an address and asks for a change, RFC 5780 table 1. ok is false
// if that is none of the four.
func (d Discovery) from(reached netip.AddrPort, change wire.ChangeRequest) (source netip.AddrPort, ok bool) {
	addr, knowsAddr := pick(d.Addresses, reached.Addr(), change.IP)
	port, knowsPort := pick(d.Ports, reached.Port(), change.Port)
	return netip.AddrPortFrom(addr, port), knowsAddr && knowsPort
}

// pick finds a value in a pair and returns it, or the other one.
func pick[T comparable](pair [2]T, value T, other bool) (T, bool) {
	switch value {
	case pair[0]:
	case pair[1]:
		pair[0], pair[1] = pair[1], pair[0]
	default:
		return value, false
	}
	if other {
		return pair[1], true
	}
	return pair[0], true
}

// discoveryAt returns the addresses of NAT behaviour discovery around the one
// that a Binding request reached. ok is false where there are none, or where one
// of them is not served just now: then the attributes of RFC 5780 are unknown
// here, as its section 6 wants it. Neither are there for the client of a proxy: its
// answers can leave by one way only.
func (h *Handler) discoveryAt(r *request) (d Discovery, ok bool) {
	if r.msg.Method != wire.MethodBinding || r.tuple.Transport != allocation.TransportUDP || r.from.Proxy.IsValid() {
		return Discovery{}, false
	}
	for _, d := range h.server.config.Discovery {
		if _, ok := d.from(r.tuple.Server, wire.ChangeRequest{}); ok {
			return d, h.servesAll(d)
		}
	}
	return Discovery{}, false
}

func (h *Handler) servesAll(d Discovery) bool {
	for _, addr := range d.Addresses {
		for _, port := range d.Ports {
			if _, ok := h.worker.ListenerAt(netip.AddrPortFrom(addr, port)); !ok {
				return false
			}
		}
	}
	return true
}

// discoveryAsk is what a Binding request asks for beyond its address.
type discoveryAsk struct {
	change     wire.ChangeRequest
	port       uint16 // RESPONSE-PORT, else the client's own
	padding    int
	hasPadding bool
	isAny      bool // it has an attribute of RFC 5780
}

// readDiscovery reads the attributes of RFC 5780. RESPONSE-PORT together with
// PADDING is refused (section 6.1), and so is port 0, where nobody can be.
func readDiscovery(r *request) (ask discoveryAsk, err error) {
	change, hasChange, err := r.msg.ChangeRequest()
	if err != nil {
		return ask, errBadRequest
	}
	port, hasPort, err := r.msg.ResponsePort()
	if err != nil || hasPort && port == 0 {
		return ask, errBadRequest
	}
	if !hasPort {
		port = r.from.Client.Port()
	}
	padding, hasPadding := r.msg.Padding()
	if hasPort && hasPadding {
		return ask, errBadRequest
	}
	return discoveryAsk{
		change: change, port: port, padding: min(padding, maxPadding), hasPadding: hasPadding,
		isAny: hasChange || hasPort || hasPadding,
	}, nil
}

// discover answers a Binding request as RFC 5780 section 6.1 has it. An answer
// goes to the address that the request came from, never to another. Those that
// leave by another way than they came count against the limit of unauthenticated
// answers, and PADDING is no longer than the one of the request: what a forged
// request makes this server send is bounded in number and hardly larger.
//
// Each worker has a socket of its own on all four addresses, so the answer
// leaves from the worker that got the request.
func (h *Handler) discover(r *request, d Discovery) error {
	ask, err := readDiscovery(r)
	if err != nil {
		return err
	}
	client, reached := r.from.Client, r.tuple.Server
	if ask.isAny && !h.server.config.Limiter.Allow(client.Addr(), h.nowNs) {
		h.counts.limited.Add(1)
		return nil
	}
	origin, _ := d.from(reached, ask.change)
	other, _ := d.from(reached, wire.ChangeRequest{IP: true, Port: true})
	listener, _ := h.worker.ListenerAt(origin)

	answer := h.success(r)
	answer.XORMappedAddress(client)
	answer.MappedAddress(client)
	answer.ResponseOrigin(h.server.external(origin))
	answer.OtherAddress(h.server.external(other))
	if ask.hasPadding {
		answer.Padding(ask.padding)
	}
	h.diverted = fastpath.Message{Client: netip.AddrPortFrom(client.Addr(), ask.port), Listener: listener}
	r.from = &h.diverted
	h.send(r)
	return nil
}

// discoveryAttributes are the comprehension-required ones of RFC 5780.
var discoveryAttributes = []wire.AttrType{wire.AttrChangeRequest, wire.AttrPadding, wire.AttrResponsePort}

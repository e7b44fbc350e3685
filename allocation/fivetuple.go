package allocation

import (
	"encoding/binary"
	"net/netip"
)

// Transport is the protocol between client and server.
type Transport uint8

// The transports of RFC 8656 section 3.1.
const (
	TransportUDP Transport = iota
	TransportTCP
	TransportTLS
	TransportDTLS
)

// String returns the name used in logs and metrics.
func (t Transport) String() string {
	switch t {
	case TransportUDP:
		return "udp"
	case TransportTCP:
		return "tcp"
	case TransportTLS:
		return "tls"
	case TransportDTLS:
		return "dtls"
	}
	return "unknown"
}

// FiveTuple names the path between a client and the server (RFC 8656 section
// 6), with both addresses as the server sees them. Zones take no part in it,
// and an IPv4 address equals its IPv4-mapped form.
type FiveTuple struct {
	Transport      Transport
	Client, Server netip.AddrPort
}

// endpoint is a transport address without a pointer: 16 bytes of address, IPv4
// in mapped form, and the port.
type endpoint [18]byte

// tupleKey is a FiveTuple without pointers and padding, so that the map hashes
// it in one run and the collector does not look into it.
type tupleKey struct {
	client, server endpoint
	transport      Transport
}

func (f *FiveTuple) key() tupleKey {
	return tupleKey{endpointOf(f.Client), endpointOf(f.Server), f.Transport}
}

func endpointOf(a netip.AddrPort) (e endpoint) {
	ip := a.Addr().As16()
	copy(e[:16], ip[:])
	binary.BigEndian.PutUint16(e[16:], a.Port())
	return e
}

// addrPort undoes endpointOf for a peer, which never is IPv4-mapped.
func (e *endpoint) addrPort() netip.AddrPort {
	ip := netip.AddrFrom16([16]byte(e[:16])).Unmap()
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(e[16:]))
}

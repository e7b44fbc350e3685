package wire

import (
	"encoding/binary"
	"net/netip"
)

// ProxyHeader is what a load balancer writes in front of a datagram: a header of
// version 2 of the PROXY protocol (haproxy's proxy-protocol.txt, section 2.2).
type ProxyHeader struct {
	// IP and Port are the client's; IPv4 as ::ffff:a.b.c.d.
	IP   [16]byte
	Port uint16
	// IsLocal: the proxy speaks for itself, as in a health check, and names nobody.
	IsLocal bool
	// Size is how many bytes the header takes, extensions included.
	Size int
}

// proxySignature begins every header of version 2. Its first byte is none that STUN,
// ChannelData or DTLS begin with.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

// The parts of a header.
const (
	proxyFixed = 16 // signature, version and command, family and protocol, length

	proxyLocal = 0x20 // version 2, command LOCAL
	proxyProxy = 0x21 // version 2, command PROXY

	proxyUnspecified = 0x00
	proxyUDP4        = 0x12 // AF_INET, DGRAM
	proxyUDP6        = 0x22 // AF_INET6, DGRAM

	proxyAddresses4 = 4 + 4 + 2 + 2
	proxyAddresses6 = 16 + 16 + 2 + 2
)

// ParseProxyHeader reads the header that a datagram begins with; false: there is
// none, or none that names a client which could have sent a datagram. It does not
// allocate.
func ParseProxyHeader(b []byte) (h ProxyHeader, ok bool) {
	if len(b) < proxyFixed || string(b[:len(proxySignature)]) != proxySignature {
		return ProxyHeader{}, false
	}
	h.Size = proxyFixed + int(binary.BigEndian.Uint16(b[14:]))
	if h.Size > len(b) {
		return ProxyHeader{}, false
	}
	command, kind, rest := b[12], b[13], b[proxyFixed:h.Size]
	switch {
	case command == proxyLocal, command == proxyProxy && kind == proxyUnspecified:
		h.IsLocal = true
		return h, true
	case command == proxyProxy && kind == proxyUDP4 && len(rest) >= proxyAddresses4:
		h.IP[10], h.IP[11] = 0xFF, 0xFF
		copy(h.IP[12:], rest)
		h.Port = binary.BigEndian.Uint16(rest[8:])
	case command == proxyProxy && kind == proxyUDP6 && len(rest) >= proxyAddresses6:
		copy(h.IP[:], rest)
		h.Port = binary.BigEndian.Uint16(rest[32:])
	default:
		return ProxyHeader{}, false
	}
	ip := netip.AddrFrom16(h.IP).Unmap()
	if h.Port == 0 || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast4 {
		return ProxyHeader{}, false
	}
	return h, true
}

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

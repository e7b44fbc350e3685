//go:build e2e || soak

package e2e

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"
)

// Attribute values of RFC 8656 section 18.
var (
	transportUDP = stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}
	familyIPv6   = stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{2, 0, 0, 0}}
)

func lifetimeOf(d time.Duration) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrLifetime, Value: binary.BigEndian.AppendUint32(nil, uint32(d/time.Second))}
}

func channelNumber(n uint16) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Value: binary.BigEndian.AppendUint32(nil, uint32(n)<<16)}
}

func peerAddress(a netip.AddrPort) stun.Setter { return peerAttribute(a) }

// peerAttribute encodes an XOR-PEER-ADDRESS.
type peerAttribute netip.AddrPort

func (a peerAttribute) AddTo(m *stun.Message) error {
	addr := netip.AddrPort(a)
	return stun.XORMappedAddress{IP: addr.Addr().AsSlice(), Port: int(addr.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

// addressIn reads an XOR-encoded address.
func addressIn(m *stun.Message, attribute stun.AttrType) (netip.AddrPort, error) {
	var xor stun.XORMappedAddress
	if err := xor.GetFromAs(m, attribute); err != nil {
		return netip.AddrPort{}, fmt.Errorf("read %s of %s: %w", attribute, m, err)
	}
	addr, _ := netip.AddrFromSlice(xor.IP)
	return netip.AddrPortFrom(addr.Unmap(), uint16(xor.Port)), nil
}

// errorCode is the code of an error response, 0 for a success response.
func errorCode(m *stun.Message) int {
	var code stun.ErrorCodeAttribute
	if m.Type.Class != stun.ClassErrorResponse {
		return 0
	}
	if err := code.GetFrom(m); err != nil {
		return -1
	}
	return int(code.Code)
}

package handshake_test

import (
	"encoding/binary"
	"net/netip"
)

var clientAddress = netip.MustParseAddrPort("192.0.2.1:1000")

// unfinishedHello is a ClientHello with a cookie, whose client says nothing more:
// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 on X25519, checked by ECDSA and SHA-256.
func unfinishedHello() []byte {
	body := append([]byte{0xFE, 0xFD}, make([]byte, 32)...)
	body = append(body, 0)                               // session ID
	body = append(append(body, 20), make([]byte, 20)...) // cookie
	body = append(body, 0, 2, 0xC0, 0x2B, 1, 0)          // suite, compression
	extensions := []byte{
		0, 10, 0, 4, 0, 2, 0, 29, // supported groups
		0, 11, 0, 2, 1, 0, // point formats
		0, 13, 0, 4, 0, 2, 4, 3, // signature algorithms
	}
	body = append(binary.BigEndian.AppendUint16(body, uint16(len(extensions))), extensions...)
	b := []byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 1}
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+12))
	b = append(b, 1, 0, 0, byte(len(body)), 0, 1, 0, 0, 0, 0, 0, byte(len(body)))
	return append(b, body...)
}

package wire

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	fingerprintSize = 4

	// fingerprintXOR keeps a CRC-32 that an application carries from looking
	// like a FINGERPRINT (RFC 8489 section 14.7).
	fingerprintXOR = 0x5354554E
)

// fingerprintMatches judges a FINGERPRINT whose header starts at off: it must
// be the message's last attribute and hold the CRC of what stands before it.
func fingerprintMatches(b []byte, off int) bool {
	if off+attributeHeaderSize+fingerprintSize != len(b) {
		return false
	}
	if binary.BigEndian.Uint16(b[off+2:]) != fingerprintSize {
		return false
	}
	want := crc32.ChecksumIEEE(b[:off]) ^ fingerprintXOR
	return binary.BigEndian.Uint32(b[off+attributeHeaderSize:]) == want
}

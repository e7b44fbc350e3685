package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// Sign adds MESSAGE-INTEGRITY made with key (RFC 8489 section 14.5). Attributes
// added behind it do not count for the receiver.
func (b *Builder) Sign(key []byte) {
	sum := b.mac.sha1(key, b.msg.Raw)
	b.Attribute(AttrMessageIntegrity, sum[:])
}

// SignSHA256 adds MESSAGE-INTEGRITY-SHA256 of full length made with key
// (RFC 8489 section 14.6).
func (b *Builder) SignSHA256(key []byte) {
	sum := b.mac.sha256(key, b.msg.Raw)
	b.Attribute(AttrMessageIntegritySHA256, sum[:])
}

// Fingerprint adds FINGERPRINT, which must be the last attribute (RFC 8489
// section 14.7).
func (b *Builder) Fingerprint() {
	b.word(AttrFingerprint, 0)
	// The CRC covers a header whose length already includes FINGERPRINT.
	end := len(b.msg.Raw) - fingerprintSize
	crc := crc32.ChecksumIEEE(b.msg.Raw[:end-attributeHeaderSize]) ^ fingerprintXOR
	binary.BigEndian.PutUint32(b.msg.Raw[end:], crc)
}

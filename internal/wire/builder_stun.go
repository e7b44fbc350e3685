package wire

import (
	"encoding/binary"
	"fmt"
)

// ErrorCode adds ERROR-CODE with a code from 300 to 699 and an empty reason
// phrase, which keeps answers to strangers small (RFC 8489 section 14.8).
func (b *Builder) ErrorCode(code int) {
	b.word(AttrErrorCode, errorCodeValue(code))
}

// AddressErrorCode adds ADDRESS-ERROR-CODE with an empty reason phrase
// (RFC 8656 section 18.12).
func (b *Builder) AddressErrorCode(f Family, code int) {
	b.word(AttrAddressErrorCode, uint32(f)<<24|errorCodeValue(code))
}

func errorCodeValue(code int) uint32 {
	if code < 300 || code > 699 {
		panic(fmt.Sprintf("add error code %d: not in 300-699", code))
	}
	return uint32(code/100)<<8 | uint32(code%100)
}

// UnknownAttributes adds UNKNOWN-ATTRIBUTES (RFC 8489 section 14.13).
func (b *Builder) UnknownAttributes(types []AttrType) {
	var v [2 * maxUnknown]byte
	list := v[:0]
	for _, t := range types {
		list = binary.BigEndian.AppendUint16(list, uint16(t))
	}
	b.Attribute(AttrUnknownAttributes, list)
}

// Username adds USERNAME (RFC 8489 section 14.3).
func (b *Builder) Username(username string) { b.text(AttrUsername, username, maxText) }

// UserHash adds USERHASH (RFC 8489 section 14.4).
func (b *Builder) UserHash(hash [32]byte) { b.Attribute(AttrUserHash, hash[:]) }

// Realm adds REALM (RFC 8489 section 14.9).
func (b *Builder) Realm(realm string) { b.text(AttrRealm, realm, maxText) }

// Nonce adds NONCE (RFC 8489 section 14.10).
func (b *Builder) Nonce(nonce []byte) { b.Attribute(AttrNonce, nonce) }

// Software adds SOFTWARE (RFC 8489 section 14.14).
func (b *Builder) Software(software string) { b.text(AttrSoftware, software, maxText) }

// AlternateDomain adds ALTERNATE-DOMAIN (RFC 8489 section 14.16).
func (b *Builder) AlternateDomain(domain string) { b.text(AttrAlternateDomain, domain, maxDomain) }

// PasswordAlgorithm adds PASSWORD-ALGORITHM (RFC 8489 section 14.12).
func (b *Builder) PasswordAlgorithm(a PasswordAlgorithm) {
	b.word(AttrPasswordAlgorithm, uint32(a)<<16)
}

// PasswordAlgorithms adds PASSWORD-ALGORITHMS in order of preference (RFC 8489
// section 14.11).
func (b *Builder) PasswordAlgorithms(list ...PasswordAlgorithm) {
	v := make([]byte, 0, 16)
	for _, a := range list {
		v = binary.BigEndian.AppendUint32(v, uint32(a)<<16)
	}
	b.Attribute(AttrPasswordAlgorithms, v)
}

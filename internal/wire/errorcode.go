package wire

import "encoding/binary"

// ErrorCode returns number, 300 to 699, and reason phrase of ERROR-CODE
// (RFC 8489 section 14.8).
func (m *Message) ErrorCode() (code int, phrase []byte, present bool, err error) {
	v, present := m.Get(AttrErrorCode)
	if !present {
		return 0, nil, false, nil
	}
	code, ok := parseErrorCode(v)
	if !ok {
		return 0, nil, true, MalformedError{AttrErrorCode}
	}
	return code, v[4:], true, nil
}

// AddressErrorCode returns family and number of ADDRESS-ERROR-CODE (RFC 8656
// section 18.12): why one half of a dual allocation was not made.
func (m *Message) AddressErrorCode() (f Family, code int, present bool, err error) {
	v, present := m.Get(AttrAddressErrorCode)
	if !present {
		return 0, 0, false, nil
	}
	code, ok := parseErrorCode(v)
	if !ok {
		return 0, 0, true, MalformedError{AttrAddressErrorCode}
	}
	return Family(v[0]), code, true, nil
}

// parseErrorCode reads the part that ERROR-CODE and ADDRESS-ERROR-CODE share:
// the hundreds in three bits of byte 2, the rest in byte 3.
func parseErrorCode(v []byte) (code int, ok bool) {
	if len(v) < 4 || len(v) > 4+maxText {
		return 0, false
	}
	class, number := int(v[2]&7), int(v[3])
	if class < 3 || class > 6 || number > 99 {
		return 0, false
	}
	return class*100 + number, true
}

// UnknownAttributes appends the list of UNKNOWN-ATTRIBUTES to dst (RFC 8489
// section 14.13).
func (m *Message) UnknownAttributes(dst []AttrType) (list []AttrType, present bool, err error) {
	v, present := m.Get(AttrUnknownAttributes)
	if len(v)%2 != 0 {
		return dst, true, MalformedError{AttrUnknownAttributes}
	}
	for ; len(v) > 0; v = v[2:] {
		dst = append(dst, AttrType(binary.BigEndian.Uint16(v)))
	}
	return dst, present, nil
}

// Software returns SOFTWARE, at most 763 bytes (RFC 8489 section 14.14).
func (m *Message) Software() (software []byte, present bool, err error) {
	return m.text(AttrSoftware, maxText)
}

// AlternateDomain returns ALTERNATE-DOMAIN, at most 255 bytes (RFC 8489
// section 14.16).
func (m *Message) AlternateDomain() (domain []byte, present bool, err error) {
	return m.text(AttrAlternateDomain, maxDomain)
}

const maxDomain = 255

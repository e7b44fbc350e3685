package wire

import "encoding/binary"

// PasswordAlgorithm is the number of a password algorithm (RFC 8489
// section 18.5.1).
type PasswordAlgorithm uint16

// The algorithms that exist; neither has parameters.
const (
	PasswordAlgorithmMD5    PasswordAlgorithm = 0x0001
	PasswordAlgorithmSHA256 PasswordAlgorithm = 0x0002
)

// PasswordAlgorithm returns PASSWORD-ALGORITHM (RFC 8489 section 14.12).
// Parameters are skipped: no algorithm has any.
func (m *Message) PasswordAlgorithm() (a PasswordAlgorithm, present bool, err error) {
	v, present := m.Get(AttrPasswordAlgorithm)
	if !present {
		return 0, false, nil
	}
	a, rest, ok := cutAlgorithm(v)
	if !ok || len(rest) != 0 {
		return 0, true, MalformedError{AttrPasswordAlgorithm}
	}
	return a, true, nil
}

// PasswordAlgorithms appends the list of PASSWORD-ALGORITHMS to dst, in the
// server's order of preference (RFC 8489 section 14.11).
func (m *Message) PasswordAlgorithms(dst []PasswordAlgorithm) (list []PasswordAlgorithm, present bool, err error) {
	v, present := m.Get(AttrPasswordAlgorithms)
	start := len(dst)
	for len(v) > 0 {
		a, rest, ok := cutAlgorithm(v)
		if !ok {
			return dst[:start], true, MalformedError{AttrPasswordAlgorithms}
		}
		dst, v = append(dst, a), rest
	}
	return dst, present, nil
}

// cutAlgorithm splits the first algorithm off a list. The padding of the last
// algorithm's parameters may be that of the attribute and so not part of v.
func cutAlgorithm(v []byte) (a PasswordAlgorithm, rest []byte, ok bool) {
	if len(v) < 4 {
		return 0, nil, false
	}
	a = PasswordAlgorithm(binary.BigEndian.Uint16(v))
	size := int(binary.BigEndian.Uint16(v[2:]))
	v = v[4:]
	if size > len(v) {
		return 0, nil, false
	}
	return a, v[min(padded(size), len(v)):], true
}

package wire

// maxText is the longest USERNAME, REALM, NONCE, SOFTWARE or reason phrase in
// bytes that a receiver must be able to read (RFC 8489 sections 14.3, 14.8 to
// 14.10 and 14.14: 127 characters, as old encoders wrote them).
const maxText = 763

// fixed returns the value of an attribute that must be size bytes long.
func (m *Message) fixed(t AttrType, size int) (value []byte, present bool, err error) {
	value, present = m.Get(t)
	if present && len(value) != size {
		return nil, true, MalformedError{t}
	}
	return value, present, nil
}

// text returns the value of an attribute of at most limit bytes.
func (m *Message) text(t AttrType, limit int) (value []byte, present bool, err error) {
	value, present = m.Get(t)
	if len(value) > limit {
		return nil, true, MalformedError{t}
	}
	return value, present, nil
}

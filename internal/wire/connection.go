package wire

import "encoding/binary"

// ConnectionID returns CONNECTION-ID, which names a peer data connection
// (RFC 6062 section 6.2.1).
func (m *Message) ConnectionID() (id uint32, present bool, err error) {
	v, present, err := m.fixed(AttrConnectionID, 4)
	if v == nil {
		return 0, present, err
	}
	return binary.BigEndian.Uint32(v), true, nil
}

// ConnectionID adds CONNECTION-ID (RFC 6062 section 6.2.1).
func (b *Builder) ConnectionID(id uint32) { b.word(AttrConnectionID, id) }

package dtls

import "encoding/binary"

// Layout of a handshake message (RFC 6347 section 4.2.2) and the types of those
// that are looked at here.
const (
	handshakeHeaderSize = 12

	typeClientHello        = 1
	typeHelloVerifyRequest = 3
)

// randomSize is the length of a ClientHello's random value, which follows the
// version (RFC 5246 section 7.4.1.2).
const randomSize = 32

// maxSessionID is the longest session ID of a ClientHello.
const maxSessionID = 32

// Hello is what a server without memory needs to know of a ClientHello.
type Hello struct {
	RecordSequence  uint64
	MessageSequence uint16
	Random          [randomSize]byte
	Cookie          []byte // part of the record; empty in the first one
	cookieAt        int    // place of the cookie's length in the record
}

// IsHello says whether a record may be the first of an association: a ClientHello,
// or a part of one, in the clear.
func IsHello(record []byte) bool {
	return len(record) > headerSize && record[0] == TypeHandshake &&
		record[3] == 0 && record[4] == 0 && record[headerSize] == typeClientHello
}

// ParseHello reads a record that holds one ClientHello and nothing else. One that
// comes in parts is not understood: a stranger's cannot be kept until it is whole.
func ParseHello(record []byte) (h Hello, ok bool) {
	r, ok := ParseRecord(record)
	if !ok || !IsHello(record) || r.Size < headerSize+handshakeHeaderSize {
		return Hello{}, false
	}
	record = record[:r.Size]
	message := record[headerSize:]
	length := uint24(message[1:])
	if uint24(message[6:]) != 0 || uint24(message[9:]) != length || length != len(message)-handshakeHeaderSize {
		return Hello{}, false
	}
	const random = headerSize + handshakeHeaderSize + 2
	session := random + randomSize
	if len(record) <= session || record[session] > maxSessionID {
		return Hello{}, false
	}
	h.cookieAt = session + 1 + int(record[session])
	if len(record) <= h.cookieAt {
		return Hello{}, false
	}
	end := h.cookieAt + 1 + int(record[h.cookieAt])
	if len(record) <= end {
		return Hello{}, false
	}
	h.RecordSequence = r.Sequence
	h.MessageSequence = binary.BigEndian.Uint16(message[4:])
	h.Random = [randomSize]byte(record[random:])
	h.Cookie = record[h.cookieAt+1 : end]
	return h, true
}

// First rebuilds the ClientHello that a client sent before the one in record,
// which h was read from: the same without the cookie, one number earlier. Neither
// number of h may be 0.
func (h *Hello) First(record []byte) []byte {
	first := append([]byte(nil), record[:h.cookieAt]...)
	first = append(first, 0)
	rest := record[h.cookieAt+1+len(h.Cookie):]
	r, _ := ParseRecord(record) // as ParseHello has
	first = append(first, rest[:r.Size-(len(record)-len(rest))]...)
	body := len(first) - headerSize - handshakeHeaderSize
	putHeader(first, TypeHandshake, binary.BigEndian.Uint16(record[1:]), 0, h.RecordSequence-1, len(first)-headerSize)
	message := first[headerSize:]
	putUint24(message[1:], body)
	binary.BigEndian.PutUint16(message[4:], h.MessageSequence-1)
	putUint24(message[9:], body)
	return first
}

// VerifyRequestSize is the length of the record that VerifyRequest writes. It is
// shorter than any ClientHello, so that nobody is flooded by way of this server.
const VerifyRequestSize = headerSize + handshakeHeaderSize + 3 + CookieSize

// VerifyRequest writes the HelloVerifyRequest that answers a first ClientHello
// (RFC 6347 section 4.2.1): with its record's number and the version of DTLS 1.0.
func VerifyRequest(b *[VerifyRequestSize]byte, h *Hello, cookie *[CookieSize]byte) {
	putHeader(b[:], TypeHandshake, version10, 0, h.RecordSequence, VerifyRequestSize-headerSize)
	message := b[headerSize:]
	clear(message)
	message[0] = typeHelloVerifyRequest
	const body = VerifyRequestSize - headerSize - handshakeHeaderSize
	putUint24(message[1:], body)
	putUint24(message[9:], body)
	binary.BigEndian.PutUint16(message[handshakeHeaderSize:], version10)
	message[handshakeHeaderSize+2] = CookieSize
	copy(message[handshakeHeaderSize+3:], cookie[:])
}

// IsVerifyRequest says whether a record is a HelloVerifyRequest.
func IsVerifyRequest(record []byte) bool {
	return len(record) > headerSize && record[0] == TypeHandshake && record[headerSize] == typeHelloVerifyRequest
}

// Renumber adds delta to the numbers of the records in the clear that a datagram
// consists of, and returns the number after the last of epoch 1 in it; 0: it has
// none.
func Renumber(datagram []byte, delta uint64) (next uint64) {
	for len(datagram) >= headerSize {
		size := headerSize + int(binary.BigEndian.Uint16(datagram[11:]))
		epoch := binary.BigEndian.Uint16(datagram[3:])
		sequence := binary.BigEndian.Uint64(datagram[3:]) & maxSequence
		switch epoch {
		case 0:
			binary.BigEndian.PutUint64(datagram[3:], (sequence+delta)&maxSequence)
		case 1:
			next = max(next, sequence+1)
		}
		if epoch != 0 || size > len(datagram) {
			return next // records in the clear come first
		}
		datagram = datagram[size:]
	}
	return next
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

func putUint24(b []byte, n int) { b[0], b[1], b[2] = byte(n>>16), byte(n>>8), byte(n) }

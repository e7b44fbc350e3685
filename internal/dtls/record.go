package dtls

import "encoding/binary"

// The content types of records (RFC 5246 section 6.2.1, RFC 9146 section 4).
const (
	TypeChangeCipherSpec = 20
	TypeAlert            = 21
	TypeHandshake        = 22
	TypeApplicationData  = 23
	TypeCID              = 25
)

// headerSize is the length of a record header without a connection ID (RFC 6347
// section 4.1).
const headerSize = 13

// Both versions that a record of DTLS 1.2 may show: the one of DTLS 1.0 stands in
// records before the version is agreed on (RFC 6347 section 4.2.1).
const (
	version10 = 0xFEFF
	version12 = 0xFEFD
)

// Record is the header of a record.
type Record struct {
	Type     uint8
	Epoch    uint16
	Sequence uint64 // 48 bits
	CID      CID    // zero unless Type is TypeCID
	Header   int    // bytes of the header
	Size     int    // bytes of the record, header included
}

// ParseRecord reads the header of the record that b begins with; false: it is
// none, or not whole. Records of TypeCID have an ID of CIDSize bytes, as all have
// that this server gave out.
func ParseRecord(b []byte) (r Record, ok bool) {
	if len(b) < headerSize {
		return Record{}, false
	}
	version := binary.BigEndian.Uint16(b[1:])
	if version != version10 && version != version12 {
		return Record{}, false
	}
	r.Type, r.Header = b[0], headerSize
	if r.Type == TypeCID {
		if r.Header += CIDSize; len(b) < r.Header {
			return Record{}, false
		}
		r.CID = CID(b[headerSize-2:])
	}
	r.Epoch = binary.BigEndian.Uint16(b[3:])
	r.Sequence = binary.BigEndian.Uint64(b[3:]) & maxSequence
	r.Size = r.Header + int(binary.BigEndian.Uint16(b[r.Header-2:]))
	return r, r.Size <= len(b)
}

// maxSequence is the last number that a record of an epoch can have.
const maxSequence = 1<<48 - 1

// putHeader writes a header; size is that of what follows.
func putHeader(b []byte, kind uint8, version, epoch uint16, sequence uint64, size int) {
	b[0] = kind
	binary.BigEndian.PutUint16(b[1:], version)
	binary.BigEndian.PutUint64(b[3:], uint64(epoch)<<48|sequence)
	binary.BigEndian.PutUint16(b[11:], uint16(size))
}

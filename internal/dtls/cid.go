package dtls

import (
	"crypto/rand"
	"encoding/binary"
)

// CIDSize is the length of the connection IDs that this server gives out.
const CIDSize = 8

// CID names a client by the records that it sends, whatever their source (RFC
// 9146 section 3). Its first two bytes are the number of the worker, the rest is
// random.
type CID [CIDSize]byte

// NewCID makes an ID for a client of a worker.
func NewCID(worker int) (c CID) {
	_, _ = rand.Read(c[2:]) // never fails: crypto/rand ends the process instead
	binary.BigEndian.PutUint16(c[:], uint16(worker))
	return c
}

// Worker is the number that the ID was made with.
func (c CID) Worker() int { return int(binary.BigEndian.Uint16(c[:])) }

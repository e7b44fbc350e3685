package server

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"slices"
)

// ticketSize is the length of every MOBILITY-TICKET (RFC 8016 section 3.3).
// coturn's client keeps a ticket as a text of at most 32 bytes, which also is why
// seal leaves out those with a zero in them.
const ticketSize = ticketNonceSize + ticketStateSize + ticketTagSize

const (
	ticketNonceSize = 12
	ticketStateSize = 8
	ticketTagSize   = 12 // 96 bits; each guess costs an authenticated request
)

// sealAttempts bounds the search for a ticket without a zero in it. One in eight
// has one.
const sealAttempts = 64

// ticket is what a MOBILITY-TICKET says: which allocation, and how often that had
// been resumed when the ticket was made. Whose it is the allocation knows.
type ticket struct{ serial, resumes uint32 }

// tickets seals and opens them with a key that dies with the process, as the
// allocations do. Safe for concurrent use.
type tickets struct{ aead cipher.AEAD }

func newTickets() *tickets {
	var key [32]byte
	rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // of the length of the key, which is right
	}
	aead, err := cipher.NewGCMWithTagSize(block, ticketTagSize)
	if err != nil {
		panic(err) // of the length of the tag, likewise
	}
	return &tickets{aead}
}

// seal makes a ticket that differs from every other.
func (k *tickets) seal(t ticket) (sealed [ticketSize]byte) {
	var state [ticketStateSize]byte
	binary.BigEndian.PutUint32(state[:], t.serial)
	binary.BigEndian.PutUint32(state[4:], t.resumes)
	for range sealAttempts {
		nonce := sealed[:ticketNonceSize]
		rand.Read(nonce)
		k.aead.Seal(nonce, nonce, state[:], nil)
		if !hasZero(sealed[:]) {
			break
		}
	}
	return sealed
}

func hasZero(b []byte) bool {
	return slices.Contains(b, 0)
}

// open reads a ticket, which must have the right length. Not ok: it was changed,
// or another server made it; there is no telling which.
func (k *tickets) open(sealed []byte) (t ticket, ok bool) {
	state, err := k.aead.Open(nil, sealed[:ticketNonceSize], sealed[ticketNonceSize:], nil)
	if err != nil {
		return ticket{}, false
	}
	return ticket{binary.BigEndian.Uint32(state), binary.BigEndian.Uint32(state[4:])}, true
}

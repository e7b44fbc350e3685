package server

import (
	"bytes"
	"encoding/binary"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// protection says how a request is protected, and hence its answers.
type protection struct {
	algorithm wire.PasswordAlgorithm // that makes the key of both
	request   wire.Integrity         // SHA-1 or SHA-256
	answer    wire.Integrity         // likewise
}

// readProtection reads which password algorithm a request with integrity was
// made with, RFC 8489 section 9.2.4. Its nonce must be valid: then what the 401
// or 438 with that nonce listed is the algorithm offered now, and a client that
// saw another list is being bidden down.
//
// The answer has the hash of the request. A client that names an algorithm knows
// SHA-256, so it gets no less, even if it sent MESSAGE-INTEGRITY.
func readProtection(m *wire.Message, offered wire.PasswordAlgorithm) (protection, error) {
	p := protection{algorithm: wire.PasswordAlgorithmMD5, request: m.Integrity(), answer: m.Integrity()}
	chosen, hasChosen := m.Get(wire.AttrPasswordAlgorithm)
	list, hasList := m.Get(wire.AttrPasswordAlgorithms)
	if offered == 0 || !hasChosen && !hasList {
		return p, nil // a client of RFC 5389, or taken for one
	}
	var entry [4]byte // algorithm and the length of its parameters, which is zero
	binary.BigEndian.PutUint16(entry[:], uint16(offered))
	if !bytes.Equal(list, entry[:]) || !bytes.Equal(chosen, entry[:]) {
		return p, errBadRequest
	}
	p.algorithm, p.answer = offered, wire.IntegritySHA256
	return p, nil
}

// fits reports whether the integrity of the request was made with key. With both
// integrity attributes, only the SHA-256 one counts.
func (p protection) fits(m *wire.Message, key *authn.Key) bool {
	if p.request == wire.IntegritySHA256 {
		return m.CheckIntegritySHA256(key.Bytes(p.algorithm))
	}
	return m.CheckIntegrity(key.Bytes(p.algorithm))
}

// sign protects an answer.
func (p protection) sign(answer *wire.Builder, key *authn.Key) {
	if p.answer == wire.IntegritySHA256 {
		answer.SignSHA256(key.Bytes(p.algorithm))
		return
	}
	answer.Sign(key.Bytes(p.algorithm))
}

package fastpath

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
)

// seeds make the hashes of one worker unpredictable: a client chooses the peers
// it permits, and must not be able to choose those that collide.
type seeds [4]uint64

func newSeeds() seeds {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	var s seeds
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s
}

// hash mixes an IP address and the rest of a key.
func (s *seeds) hash(ip *[16]byte, rest uint64) uint32 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(ip[:8])^s[0], binary.LittleEndian.Uint64(ip[8:])^s[1])
	high, low = bits.Mul64(high^low^s[2], rest^s[3])
	sum := high ^ low
	return uint32(sum>>32) ^ uint32(sum)
}

// The rest of each kind of key. Each kind has an index of its own.

func clientKey(port uint16, listener ListenerID) uint64 {
	return uint64(port)<<16 | uint64(listener)
}

func numberKey(port uint16, listener ListenerID, number uint16) uint64 {
	return uint64(number)<<32 | clientKey(port, listener)
}

func peerKey(id AllocationID, port uint16) uint64 { return uint64(id)<<16 | uint64(port) }

func permissionKey(id AllocationID) uint64 { return uint64(id) }

package relay

import (
	"encoding/binary"
	"net/netip"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// The selector is a hash of the client's address and port that the kernel and
// WorkerOf compute alike: each 32-bit word is mixed into 32 bits, and the
// remainder by the number of workers is the worker. It has no secret: a
// successor process must choose the same.
const (
	selectorFactor = 0x9E3779B1 // 2^32 divided by the golden ratio, made odd
	selectorShift  = 15
)

// mix takes one more word into the hash.
func mix(hash, word uint32) uint32 {
	hash = (hash ^ word) * selectorFactor
	return hash ^ hash>>selectorShift
}

// WorkerOf returns the worker that gets the plain UDP datagrams of a client: the
// selector of the kernel, computed in Go. Only IPv6 datagrams with extension
// headers go elsewhere, by address alone.
func WorkerOf(client netip.AddrPort, workers int) int {
	if workers <= 1 {
		return 0
	}
	var hash uint32
	if ip := client.Addr().Unmap(); ip.Is4() {
		b := ip.As4()
		hash = mix(hash, binary.BigEndian.Uint32(b[:]))
	} else {
		b := ip.As16()
		for i := 0; i < len(b); i += 4 {
			hash = mix(hash, binary.BigEndian.Uint32(b[i:]))
		}
	}
	return int(mix(hash, uint32(client.Port())) % uint32(workers))
}

// Classic BPF as the kernel's linux/bpf_common.h and linux/filter.h define it:
// A is the accumulator, X the index register, M[0] a scratch word.
const (
	loadImmediate = 0x00 // A = K
	loadWord      = 0x20 // A = word at K
	loadByte      = 0x30 // A = byte at K
	loadHalfAtX   = 0x48 // A = half-word at X+K
	loadHalf      = 0x28 // A = half-word at K
	loadIHL       = 0xb1 // X = 4 * (byte at K & 15)
	storeA        = 0x02 // M[K] = A
	loadA         = 0x60 // A = M[K]
	loadX         = 0x61 // X = M[K]
	copyAToX      = 0x07 // X = A
	xorX          = 0xac // A ^= X
	multiply      = 0x24 // A *= K
	shiftRight    = 0x74 // A >>= K
	remainder     = 0x94 // A %= K
	skipIfEqual   = 0x15 // to Jt if A == K, else to Jf
	returnA       = 0x16
	networkStart  = ^uint32(0x100000) + 1 // SKF_NET_OFF: offsets from the IP header on
)

// Offsets in the headers of IPv4 (RFC 791) and IPv6 (RFC 8200), and the number
// of UDP in both.
const (
	sourceIPv4     = 12
	nextHeaderIPv6 = 6
	sourceIPv6     = 8
	headerSizeIPv6 = 40
	protocolUDP    = 17
)

// selector returns the program for a group of so many sockets on an address of
// this family.
func selector(ip netip.Addr, workers int) []udpbatch.Instruction {
	var p program
	p.add(loadImmediate, 0)
	p.add(storeA, 0)
	if ip.Is4() {
		p.mixWord(networkStart + sourceIPv4)
		p.add(loadIHL, networkStart) // options make the header longer
		p.add(loadHalfAtX, networkStart)
		p.mixA()
	} else {
		for word := uint32(0); word < 16; word += 4 {
			p.mixWord(networkStart + sourceIPv6 + word)
		}
		p.add(loadByte, networkStart+nextHeaderIPv6)
		port := program{}
		port.add(loadHalf, networkStart+headerSizeIPv6)
		port.mixA()
		// Where the port stands behind extension headers is too long a story
		// for this program: such clients are told apart by address alone.
		p.code = append(p.code, udpbatch.Instruction{Code: skipIfEqual, Jf: uint8(len(port.code)), K: protocolUDP})
		p.code = append(p.code, port.code...)
	}
	p.add(loadA, 0)
	p.add(remainder, uint32(workers))
	p.add(returnA, 0)
	return p.code
}

// program is a list of instructions under construction. Between two words the
// hash is in M[0].
type program struct{ code []udpbatch.Instruction }

func (p *program) add(code uint16, k uint32) {
	p.code = append(p.code, udpbatch.Instruction{Code: code, K: k})
}

// mixWord mixes in the word at an offset.
func (p *program) mixWord(offset uint32) {
	p.add(loadWord, offset)
	p.mixA()
}

// mixA mixes in A.
func (p *program) mixA() {
	p.add(loadX, 0)
	p.add(xorX, 0)
	p.add(multiply, selectorFactor)
	p.add(copyAToX, 0)
	p.add(shiftRight, selectorShift)
	p.add(xorX, 0)
	p.add(storeA, 0)
}

//go:build !portable

package udpbatch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// put encodes a and returns the length of the encoding.
func (s *sockaddr) put(a *Addr) uint32 {
	binary.BigEndian.PutUint16(s.port[:], a.Port)
	if a.Is4() {
		s.family = unix.AF_INET
		copy(s.rest[0:4], a.IP[12:16])
		return sizeofSockaddr4
	}
	s.family = unix.AF_INET6
	clear(s.rest[0:4])
	copy(s.rest[4:20], a.IP[:])
	clear(s.rest[20:24])
	return sizeofSockaddr
}

// get decodes what the kernel wrote.
func (s *sockaddr) get(a *Addr) {
	a.Port = binary.BigEndian.Uint16(s.port[:])
	if s.family == unix.AF_INET {
		clear(a.IP[0:10])
		a.IP[10], a.IP[11] = 0xff, 0xff
		copy(a.IP[12:16], s.rest[0:4])
		return
	}
	copy(a.IP[:], s.rest[4:20])
}

//go:build !linux || portable

package udpbatch

import (
	"errors"
	"net/netip"
)

// MaxGroup is the largest group that a system can open: without a selector in
// the kernel, one socket is a group.
const MaxGroup = 1

// ListenGroup opens a group of one; n must be 1 and the program is not used.
func ListenGroup(addr netip.AddrPort, n int, _ []Instruction, o Options) (Group, error) {
	if n != 1 {
		return nil, errors.ErrUnsupported
	}
	c, err := Listen(addr, o)
	if err != nil {
		return nil, err
	}
	return Group{c}, nil
}

// Serve lets a complete group receive; a group of one always is.
func (g Group) Serve() error { return nil }

// Mute does nothing here: what it guards against needs a second socket.
func (c *Conn) Mute() error { return nil }

// Unmute does nothing here, like Mute.
func (c *Conn) Unmute() error { return nil }

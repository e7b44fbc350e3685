//go:build !portable

package udpbatch

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// MaxGroup is the largest group that a system can open.
const MaxGroup = 1 << 16

// ListenGroup opens n sockets on one address. For each datagram the program
// selects the socket by its place in the group; it sees the datagram from the
// end of the UDP header on, and the rest at negative offsets (SKF_NET_OFF).
//
// The group is deaf until Serve: what a socket would get while its siblings
// are still missing could belong to one of those.
func ListenGroup(addr netip.AddrPort, n int, program []Instruction, o Options) (Group, error) {
	var g Group
	for len(g) < n {
		c, err := listenMember(addr, len(g) == 0, n > 1, o)
		if err != nil {
			g.Close()
			return nil, err
		}
		g = append(g, c)
		addr = c.Local()
	}
	if n > 1 {
		if err := g[0].attach(unix.SO_ATTACH_REUSEPORT_CBPF, program); err != nil {
			g.Close()
			return nil, err
		}
	}
	return g, nil
}

// listenMember opens one socket of a group. The first binds alone and only then
// lets others share its address, so that a second server on the same address
// finds it in use instead of silently taking half of the clients.
func listenMember(addr netip.AddrPort, first, shared bool, o Options) (*Conn, error) {
	c, err := open(addr, o)
	if err != nil {
		return nil, err
	}
	steps := []func() error{
		c.Mute,
		func() error { return c.bind(addr) },
		c.share,
	}
	if !first {
		steps[1], steps[2] = steps[2], steps[1]
	}
	if !shared {
		steps = steps[:2]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

func (c *Conn) share() error {
	return os.NewSyscallError("setsockopt SO_REUSEPORT", unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
}

// Serve lets a complete group receive.
func (g Group) Serve() error {
	for _, c := range g {
		if err := c.Unmute(); err != nil {
			return err
		}
	}
	return nil
}

// Mute makes the socket drop what arrives from now on, by a filter that accepts
// nothing.
func (c *Conn) Mute() error {
	return c.attach(unix.SO_ATTACH_FILTER, []Instruction{{Code: unix.BPF_RET | unix.BPF_K}})
}

// Unmute ends what Mute began.
func (c *Conn) Unmute() error {
	return os.NewSyscallError("setsockopt SO_DETACH_FILTER", unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0))
}

func (c *Conn) attach(option int, program []Instruction) error {
	filter := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filter[i] = unix.SockFilter(in)
	}
	err := unix.SetsockoptSockFprog(c.fd, unix.SOL_SOCKET, option, &unix.SockFprog{
		Len: uint16(len(filter)), Filter: &filter[0],
	})
	return os.NewSyscallError("setsockopt attach filter", err)
}

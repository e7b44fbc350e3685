//go:build !portable

package udpbatch

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Conn is an unconnected, non-blocking UDP socket. It is not safe for
// concurrent use.
type Conn struct {
	fd         int    // -1: no socket behind it, or closed
	rest       uint16 // batches with runs for which it is spared segmentation
	errorQueue bool
	trains     bool // UDP_GRO is on
	whole      bool // DF is on
	local      Addr
	notices    *Notices // where ICMP errors go, if not nil
	fault      Fault
}

// Listen opens a socket on the address, which must have no zone. Port 0 lets
// the kernel choose. An IPv6 socket takes IPv6 only. The path MTU is not
// discovered and DF not set (IP_PMTUDISC_DONT): a relay has nobody to tell, so
// what is too long for a link is fragmented.
func Listen(addr netip.AddrPort, o Options) (*Conn, error) {
	c, err := open(addr, o)
	if err != nil {
		return nil, err
	}
	if err := c.bind(addr); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Discard returns a Conn without a socket: what it sends is gone, and nothing
// arrives. It serves benchmarks of the tables and of the work for each packet.
func Discard(local netip.AddrPort) *Conn {
	return &Conn{fd: -1, local: AddrOf(local)}
}

func open(addr netip.AddrPort, o Options) (*Conn, error) {
	family := unix.AF_INET
	if addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	c := &Conn{fd: fd, errorQueue: o.ErrorQueue}
	if err := c.configure(family, o); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) configure(family int, o Options) error {
	var err error
	set := func(level, option, value int) {
		if err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(c.fd, level, option, value))
		}
	}
	if family == unix.AF_INET6 {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
		set(unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT)
		if o.ErrorQueue {
			set(unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
		}
		if o.Freebind {
			set(unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
		}
	} else {
		set(unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
		if o.ErrorQueue {
			set(unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		}
		if o.Freebind {
			set(unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
		}
	}
	c.sizeBuffer(o.ReceiveBufferBytes, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	c.sizeBuffer(o.SendBufferBytes, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	return err
}

// sizeBuffer tries the option that passes the system's limit with
// CAP_NET_ADMIN, then the one for everybody, which grants what it may and does
// not fail.
func (c *Conn) sizeBuffer(bytes, force, polite int) {
	if bytes <= 0 {
		return
	}
	if unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, force, bytes) != nil {
		_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, polite, bytes)
	}
}

func (c *Conn) bind(addr netip.AddrPort) error {
	var to unix.Sockaddr = &unix.SockaddrInet4{Port: int(addr.Port())}
	if ip := addr.Addr(); ip.Is6() {
		to = &unix.SockaddrInet6{Port: int(addr.Port()), Addr: ip.As16()}
	} else {
		to.(*unix.SockaddrInet4).Addr = ip.As4()
	}
	if err := unix.Bind(c.fd, to); err != nil {
		return os.NewSyscallError("bind", err)
	}
	c.local = AddrOf(addr)
	if addr.Port() != 0 {
		return nil
	}
	name, err := unix.Getsockname(c.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		c.local.Port = uint16(name.Port)
	case *unix.SockaddrInet6:
		c.local.Port = uint16(name.Port)
	}
	return nil
}

// Local returns the address the socket is bound to.
func (c *Conn) Local() netip.AddrPort { return c.local.AddrPort() }

// Buffers returns the sizes that the kernel granted, as it would be asked for
// them: it doubles what it is told, for its own bookkeeping.
func (c *Conn) Buffers() (receiveBytes, sendBytes int) {
	if c.fd < 0 {
		return 0, 0
	}
	receiveBytes, _ = unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	sendBytes, _ = unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	return receiveBytes / 2, sendBytes / 2
}

// HasDontFragment says whether DontFragment does anything on this system.
const HasDontFragment = true

// DontFragment sets or clears DF in what an IPv4 socket sends from now on. With
// it, what is too long for the path fails with EMSGSIZE. An IPv6 socket is left
// as it is. Asking for what is so already costs nothing.
//
// DF is best left as it is until a packet wants it otherwise: the kernel tells
// that a router asks for fragments only while DF is on.
func (c *Conn) DontFragment(on bool) error {
	if on == c.whole || c.fd < 0 || !c.local.Is4() {
		return nil
	}
	mode := unix.IP_PMTUDISC_DONT
	if on {
		mode = unix.IP_PMTUDISC_DO
	}
	if err := unix.SetsockoptInt(c.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, mode); err != nil {
		return os.NewSyscallError("setsockopt IP_MTU_DISCOVER", err)
	}
	c.whole = on
	return nil
}

// SetFault installs a Fault; nil takes it away. For tests.
func (c *Conn) SetFault(f Fault) { c.fault = f }

// Close closes the socket, which also takes it out of its Poller. Closing again
// does nothing.
func (c *Conn) Close() error {
	if c.fd < 0 {
		return nil
	}
	fd := c.fd
	c.fd = -1
	return os.NewSyscallError("close", unix.Close(fd))
}

package stream

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// FreebindIPv4 and FreebindIPv6 let a listening socket be bound to an address that
// the host does not have yet (ip(7), IP_FREEBIND). They are for
// net.ListenConfig.Control; elsewhere than on Linux they do nothing.
func FreebindIPv4(_, _ string, c syscall.RawConn) error {
	return freebind(c, unix.IPPROTO_IP, unix.IP_FREEBIND)
}

// FreebindIPv6 is FreebindIPv4 for IPv6.
func FreebindIPv6(_, _ string, c syscall.RawConn) error {
	return freebind(c, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND)
}

func freebind(c syscall.RawConn, level, option int) (err error) {
	controlErr := c.Control(func(fd uintptr) {
		err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), level, option, 1))
	})
	return errors.Join(controlErr, err)
}

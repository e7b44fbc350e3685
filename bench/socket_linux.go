package bench

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// socketBuffer holds the largest burst at the generator's ends.
	socketBuffer = 8 << 20
	// answerTimeout is how long a request waits for its answer before it is
	// sent again.
	answerTimeout = 500 // ms
)

// openSocket opens a UDP socket in the namespace of the calling thread, bound
// to local, whose port may be 0. Reads and writes of it wait for a bounded time.
func openSocket(local netip.AddrPort) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	timeout := unix.NsecToTimeval(answerTimeout * 1e6)
	for _, err := range []error{
		os.NewSyscallError("setsockopt", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)),
		os.NewSyscallError("setsockopt", unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout)),
		os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer)),
		os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer)),
		os.NewSyscallError("bind", unix.Bind(fd, sockaddr(local))),
	} {
		if err != nil {
			_ = unix.Close(fd)
			return -1, fmt.Errorf("open socket on %s: %w", local, err)
		}
	}
	return fd, nil
}

// connect makes remote the only address that the socket sends to and receives
// from.
func connect(fd int, remote netip.AddrPort) error {
	if err := unix.Connect(fd, sockaddr(remote)); err != nil {
		return fmt.Errorf("connect to %s: %w", remote, os.NewSyscallError("connect", err))
	}
	return nil
}

// localAddr is where the socket is bound.
func localAddr(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	sa4, ok := sa.(*unix.SockaddrInet4)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("read local address: not IPv4")
	}
	return netip.AddrPortFrom(netip.AddrFrom4(sa4.Addr), uint16(sa4.Port)), nil
}

func sockaddr(a netip.AddrPort) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
}

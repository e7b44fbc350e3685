package stream

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// notSentBytes bounds what the kernel queues behind what the network takes. What
// waits there can no longer be dropped for something newer.
const notSentBytes = 128 << 10

func tuneSystem(c *net.TCPConn, o Options) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = os.NewSyscallError("setsockopt TCP_NOTSENT_LOWAT",
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentBytes))
		if o.UserTimeout > 0 {
			set = errors.Join(set, os.NewSyscallError("setsockopt TCP_USER_TIMEOUT",
				unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(o.UserTimeout.Milliseconds()))))
		}
	})
	return errors.Join(err, set)
}

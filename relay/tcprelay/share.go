package tcprelay

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// shareAddress lets a socket be bound where others are. SO_REUSEADDR alone does
// not, on Linux, beside one that listens (socket(7)); SO_REUSEPORT does for
// sockets of one user. Only one of them ever listens, see listen.
func shareAddress(fd int) error {
	return errors.Join(
		os.NewSyscallError("setsockopt SO_REUSEADDR", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)),
		os.NewSyscallError("setsockopt SO_REUSEPORT", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)),
	)
}

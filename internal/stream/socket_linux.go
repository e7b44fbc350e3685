//go:build !portable

package stream

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// socket is a non-blocking descriptor that the Go runtime does not know.
type socket struct{ fd int }

// takeSocket duplicates the descriptor and closes the original, by which the
// runtime's poller forgets it; the connection lives on.
func takeSocket(c *net.TCPConn) (*socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd, failed := -1, error(nil)
	err = raw.Control(func(original uintptr) {
		fd, failed = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err = errors.Join(err, os.NewSyscallError("fcntl", failed)); err != nil {
		return nil, err
	}
	_ = c.Close() // there is nothing in it that could fail to be written
	return &socket{fd: fd}, nil
}

// giveBack hands the descriptor over to the runtime. The runtime duplicates it;
// the original is closed. Nothing is held here: in and out are empty.
func (s *socket) giveBack() (tcp *net.TCPConn, in, out []byte, err error) {
	file := os.NewFile(uintptr(s.fd), "tcp")
	s.fd = -1
	conn, err := net.FileConn(file)
	_ = file.Close() // the duplicate lives on
	if err != nil {
		return nil, nil, nil, err
	}
	return conn.(*net.TCPConn), nil, nil, nil
}

// Descriptor is for udpbatch.Poller.
func (c *Conn) Descriptor() int { return c.link.socket.fd }

func (s *socket) close() error {
	if s.fd < 0 {
		return nil
	}
	err := unix.Close(s.fd)
	s.fd = -1
	return os.NewSyscallError("close", err)
}

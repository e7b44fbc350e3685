//go:build !portable

package stream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// recv reads; 0 bytes without an error is the end. The descriptor does not block, so
// the Go scheduler is not told of the call, nor of that in send.
func (s *socket) recv(b []byte) (int, syscall.Errno) { return s.transfer(unix.SYS_READ, b) }

// send writes what fits.
func (s *socket) send(b []byte) (int, syscall.Errno) { return s.transfer(unix.SYS_WRITE, b) }

// transfer hands the kernel a pointer to the bytes for the time of the call, which keeps
// them alive; without bytes it is nil, which the kernel does not follow.
func (s *socket) transfer(call uintptr, b []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall(call, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

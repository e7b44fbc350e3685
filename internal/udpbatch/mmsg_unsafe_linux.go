//go:build !portable

package udpbatch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of the kernel. Go pads it as C does: to the
// alignment of its pointers.
type mmsghdr struct {
	hdr  unix.Msghdr
	size uint32
}

// sockaddr holds a struct sockaddr_in or a struct sockaddr_in6: the layout of
// the latter, with the bytes of the ports in network order.
type sockaddr struct {
	family uint16
	port   [2]byte
	// rest is the IPv4 address and zeros, or flow label, IPv6 address, scope.
	rest [24]byte
}

const (
	sizeofSockaddr4 = unix.SizeofSockaddrInet4
	sizeofSockaddr  = unix.SizeofSockaddrInet6
)

// The sizes the kernel expects, checked by the compiler: an index out of range
// is an error.
const pointerSize = unsafe.Sizeof(uintptr(0))

var (
	_ = [1]struct{}{}[unsafe.Sizeof(mmsghdr{})-unix.SizeofMsghdr-pointerSize]
	_ = [1]struct{}{}[unsafe.Sizeof(sockaddr{})-sizeofSockaddr]
)

// rawCallLimit is the largest number of entries for which the scheduler is not
// told of the system call. Telling costs some 40 ns; not telling delays a
// stop-the-world by as long as the call lasts, about 3 µs for each datagram.
const rawCallLimit = 8

// pointTo makes the header's name and vector point where its entry's are.
func (h *mmsghdr) pointTo(name *sockaddr, iov *unix.Iovec) {
	h.hdr.Name = (*byte)(unsafe.Pointer(name))
	h.hdr.Namelen = sizeofSockaddr
	h.hdr.Iov = iov
	h.hdr.SetIovlen(1)
}

// base returns the address of the first byte of b, also when b is empty.
func base(b []byte) *byte { return unsafe.SliceData(b) }

func recvmmsg(fd int, hdrs []mmsghdr, flags int) (int, syscall.Errno) {
	return mmsg(unix.SYS_RECVMMSG, fd, hdrs, flags)
}

func sendmmsg(fd int, hdrs []mmsghdr) (int, syscall.Errno) {
	return mmsg(unix.SYS_SENDMMSG, fd, hdrs, 0)
}

// mmsg makes one of the two batch calls. hdrs must not be empty; what it points
// at is kept alive by the batch that owns it.
func mmsg(trap uintptr, fd int, hdrs []mmsghdr, flags int) (n int, errno syscall.Errno) {
	var r uintptr
	if len(hdrs) <= rawCallLimit {
		r, _, errno = unix.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(hdrs)), uintptr(flags), 0, 0)
	} else {
		r, _, errno = unix.Syscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(hdrs)), uintptr(flags), 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// sendto sends the one packet that h describes; cheaper than a batch of one,
// which copies the header and its vector in first.
func sendto(fd int, h *mmsghdr) syscall.Errno {
	iov := h.hdr.Iov
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(iov.Base)), uintptr(iov.Len),
		0, uintptr(unsafe.Pointer(h.hdr.Name)), uintptr(h.hdr.Namelen))
	return errno
}

// recvfrom receives one packet into the slot that h describes.
func recvfrom(fd int, h *mmsghdr) syscall.Errno {
	iov := h.hdr.Iov
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(iov.Base)), uintptr(iov.Len),
		0, uintptr(unsafe.Pointer(h.hdr.Name)), uintptr(unsafe.Pointer(&h.hdr.Namelen)))
	if errno == 0 {
		h.size = uint32(n)
	}
	return errno
}

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

// segmentControl is the control message that asks for segmentation: UDP_SEGMENT
// with the size of the segments.
type segmentControl struct {
	hdr     unix.Cmsghdr
	segment uint16
	_       [6]byte
}

const sizeofSegmentControl = int(unsafe.Sizeof(segmentControl{}))

// receiveControl is the room for control messages of one received datagram:
// more than UDP_GRO needs, and nothing else is asked for.
type receiveControl [8]uint64

const sizeofReceiveControl = int(unsafe.Sizeof(receiveControl{}))

// The sizes the kernel expects, checked by the compiler: an index out of range
// is an error.
const pointerSize = unsafe.Sizeof(uintptr(0))

var (
	_ = [1]struct{}{}[unsafe.Sizeof(mmsghdr{})-unix.SizeofMsghdr-pointerSize]
	_ = [1]struct{}{}[unsafe.Sizeof(sockaddr{})-sizeofSockaddr]
)

// rawCallLimit is the largest number of entries for which the scheduler is not
// told of the system call. Telling costs some 40 ns; not telling delays a
// stop-the-world by as long as the call lasts, about 3 µs for each datagram. A
// run lasts longer, so calls with runs always tell.
const rawCallLimit = 8

// wireName makes the header point at its entry's address.
func (h *mmsghdr) wireName(name *sockaddr) {
	h.hdr.Name = (*byte)(unsafe.Pointer(name))
	h.hdr.Namelen = sizeofSockaddr
}

// wireVector makes the header point at its one vector.
func (h *mmsghdr) wireVector(iov *unix.Iovec) {
	h.hdr.Iov = iov
	h.hdr.SetIovlen(1)
}

// wireControl makes the header point at its request to segment, which counts
// once the length of the control data is set.
func (h *mmsghdr) wireControl(c *segmentControl) {
	c.hdr.Level, c.hdr.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	c.hdr.SetLen(unix.CmsgLen(2))
	h.hdr.Control = (*byte)(unsafe.Pointer(c))
}

// wireReceive makes the header offer room for control messages.
func (h *mmsghdr) wireReceive(c *receiveControl) {
	h.hdr.Control = (*byte)(unsafe.Pointer(c))
	h.hdr.SetControllen(sizeofReceiveControl)
}

// segment returns the size of the segments that UDP_GRO tells, among the n bytes
// of control messages, in whatever order these are; 0: it tells none.
func (c *receiveControl) segment(n int) int {
	if at := c.find(n, unix.SOL_UDP, unix.UDP_GRO, 4); at != nil {
		return int(*(*int32)(at))
	}
	return 0
}

// extendedError returns what IP_RECVERR or IPV6_RECVERR tells of an error.
func (c *receiveControl) extendedError(n int) (e unix.SockExtendedErr, ok bool) {
	size := int(unsafe.Sizeof(e))
	at := c.find(n, unix.SOL_IP, unix.IP_RECVERR, size)
	if at == nil {
		at = c.find(n, unix.SOL_IPV6, unix.IPV6_RECVERR, size)
	}
	if at == nil {
		return e, false
	}
	return *(*unix.SockExtendedErr)(at), true
}

// find returns where the content of a control message begins that has at least
// size bytes of it; nil: there is none.
func (c *receiveControl) find(n int, level, typ int32, size int) unsafe.Pointer {
	for at := 0; at+unix.SizeofCmsghdr <= n; {
		h := (*unix.Cmsghdr)(unsafe.Add(unsafe.Pointer(c), at))
		length := int(h.Len)
		if length < unix.SizeofCmsghdr || length > n-at {
			return nil
		}
		if h.Level == level && h.Type == typ && length >= unix.CmsgLen(size) {
			return unsafe.Add(unsafe.Pointer(h), unix.CmsgLen(0))
		}
		at += unix.CmsgSpace(length - unix.CmsgLen(0))
	}
	return nil
}

// isRun reports whether the message asks to be segmented.
func (h *mmsghdr) isRun() bool { return h.hdr.Controllen > 0 }

// base returns the address of the first byte of b, also when b is empty.
func base(b []byte) *byte { return unsafe.SliceData(b) }

func recvmmsg(fd int, hdrs []mmsghdr, flags int) (int, syscall.Errno) {
	return mmsg(unix.SYS_RECVMMSG, fd, hdrs, flags, len(hdrs) > rawCallLimit)
}

// sendmmsg sends messages; long says that some are runs.
func sendmmsg(fd int, hdrs []mmsghdr, long bool) (int, syscall.Errno) {
	return mmsg(unix.SYS_SENDMMSG, fd, hdrs, 0, long || len(hdrs) > rawCallLimit)
}

// mmsg makes one of the two batch calls, and tells the scheduler if it is long.
// hdrs must not be empty; what it points at is kept alive by the batch that owns
// it.
func mmsg(trap uintptr, fd int, hdrs []mmsghdr, flags int, long bool) (n int, errno syscall.Errno) {
	var r uintptr
	if long {
		r, _, errno = unix.Syscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(hdrs)), uintptr(flags), 0, 0)
	} else {
		r, _, errno = unix.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(hdrs)), uintptr(flags), 0, 0)
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

// sendmsg sends the one message that h describes: a run, or a packet in two
// vectors.
func sendmsg(fd int, h *mmsghdr) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&h.hdr)), 0)
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

// recvmsg receives one datagram or train, and its control messages, into the
// slot that h describes.
func recvmsg(fd int, h *mmsghdr) syscall.Errno {
	n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&h.hdr)), 0)
	if errno == 0 {
		h.size = uint32(n)
	}
	return errno
}

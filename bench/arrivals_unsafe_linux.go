package bench

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// arrivalBatch is how many packets one call receives.
	arrivalBatch = 64
	// stampSpace is room for the control message with the time of arrival.
	stampSpace = 64
)

// arrivals receives packets together with the time at which the kernel had
// them, so that a receiver that is late adds nothing to what is measured.
type arrivals struct {
	headers []mmsghdr
	iovs    []unix.Iovec
	slots   [][]byte
	control [][]byte
}

func newArrivals() *arrivals {
	a := &arrivals{
		headers: make([]mmsghdr, arrivalBatch),
		iovs:    make([]unix.Iovec, arrivalBatch),
	}
	for i := range a.headers {
		a.slots = append(a.slots, make([]byte, maxPayload+slotTail))
		a.control = append(a.control, make([]byte, stampSpace))
		a.headers[i].pointTo(&a.iovs[i], a.slots[i])
		a.headers[i].hdr.Control = unsafe.SliceData(a.control[i])
	}
	return a
}

// stampArrivals lets the kernel note the time of arrival of every packet of a
// socket (socket(7): SO_TIMESTAMPNS, CLOCK_REALTIME).
func stampArrivals(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("set SO_TIMESTAMPNS: %w", os.NewSyscallError("setsockopt", err))
	}
	return nil
}

// receive takes what is there from a socket, one batch at most.
func (a *arrivals) receive(fd int) int {
	for i := range a.headers {
		a.headers[i].hdr.SetControllen(stampSpace)
	}
	n, errno := recvmmsg(fd, a.headers)
	if errno != 0 {
		return 0
	}
	return n
}

// packet is the i-th of the last batch.
func (a *arrivals) packet(i int) []byte { return a.slots[i][:a.headers[i].size] }

// at is when the i-th packet of the last batch arrived, in ns of CLOCK_REALTIME.
func (a *arrivals) at(i int) int64 {
	const secondsOffset, nanosecondsOffset = unix.SizeofCmsghdr, unix.SizeofCmsghdr + 8
	if a.headers[i].hdr.Controllen < unix.SizeofCmsghdr+16 {
		return time.Now().UnixNano() // the kernel gave none
	}
	c := a.control[i]
	return int64(binary.NativeEndian.Uint64(c[secondsOffset:]))*1e9 + int64(binary.NativeEndian.Uint64(c[nanosecondsOffset:]))
}

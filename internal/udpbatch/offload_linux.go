//go:build !portable

package udpbatch

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Probe asks the kernel for its UDP offloads, on a socket made for the question.
func Probe() Support {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return Support{}
	}
	defer unix.Close(fd)
	var name unix.Utsname
	_ = unix.Uname(&name) // cannot fail for memory of ours
	return Support{
		Segmentation: unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, 1200) == nil,
		Trains:       unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1) == nil,
		ShortEndOnly: spoilsEqualRuns(unix.ByteSliceToString(name.Release[:])),
	}
}

// spoilsEqualRuns tells the kernels of SegmentShortEnd by their release.
func spoilsEqualRuns(release string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major == 7 && minor < 2
}

// SetTrains switches UDP_GRO: with it, the kernel may deliver several datagrams
// of one source as a train; see RecvBatch.Segment. A train that is queued when
// it is switched off would be taken for one datagram, so the caller mutes and
// empties the socket first.
func (c *Conn) SetTrains(on bool) error {
	if c.fd < 0 || c.trains == on {
		return nil
	}
	value := 0
	if on {
		value = 1
	}
	if err := unix.SetsockoptInt(c.fd, unix.SOL_UDP, unix.UDP_GRO, value); err != nil {
		return os.NewSyscallError("setsockopt UDP_GRO", err)
	}
	c.trains = on
	return nil
}

// Trains reports whether UDP_GRO is on.
func (c *Conn) Trains() bool { return c.trains }

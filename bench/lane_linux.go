package bench

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// maxSegments and maxTrain bound what leaves as one segmented message.
	maxSegments = 64
	maxTrain    = 65507
	// trainSlots is how many coalesced messages one call receives.
	trainSlots = 4
	// trainSlot is the room for one coalesced message.
	trainSlot = 1 << 16
	// slotTail is room behind the expected packet, so that a longer one shows.
	slotTail = 64
)

// end describes the packets of a lane at one of its ends. The tag, eight bytes,
// tells the packets of one burst from late ones of another.
type end struct {
	fd     int
	stream *stream // that fd belongs to; nil: UDP
	size   int     // bytes of each packet; at the receiving end: at least
	tag    int     // offset of the tag
}

// lane is one flow in one direction, with all that a burst needs prepared: the
// packets, and the arguments of the calls that send and receive them.
type lane struct {
	from, to end
	train    bool
	packets  []byte // one behind the other
	out      []mmsghdr
	outIovs  []unix.Iovec
	slots    []byte
	slotSize int
	in       []mmsghdr
	inIovs   []unix.Iovec
}

// newLane prepares count copies of template, which has the size from.size.
func newLane(from, to end, template []byte, count int, train bool) (*lane, error) {
	l := &lane{from: from, to: to, train: train}
	perMessage, slots := 1, count
	l.slotSize = max(to.size, 512) + slotTail
	if train {
		perMessage = min(maxSegments, maxTrain/len(template))
		slots, l.slotSize = trainSlots, trainSlot
	}
	if err := l.setTrain(train); err != nil {
		return nil, err
	}

	for range count {
		l.packets = append(l.packets, template...)
	}
	l.out = make([]mmsghdr, (count+perMessage-1)/perMessage)
	l.outIovs = make([]unix.Iovec, len(l.out))
	message := perMessage * len(template)
	for i := range l.out {
		l.out[i].pointTo(&l.outIovs[i], l.packets[i*message:min((i+1)*message, len(l.packets))])
	}

	l.slots = make([]byte, slots*l.slotSize)
	l.in = make([]mmsghdr, slots)
	l.inIovs = make([]unix.Iovec, slots)
	for i := range l.in {
		l.in[i].pointTo(&l.inIovs[i], l.slots[i*l.slotSize:(i+1)*l.slotSize])
	}
	return l, nil
}

// setTrain switches segmentation on the sending and coalescing on the receiving
// socket on or off (udp(7): UDP_SEGMENT since Linux 4.18, UDP_GRO since 5.0).
func (l *lane) setTrain(on bool) error {
	segment, gro := 0, 0
	if on {
		segment, gro = l.from.size, 1
	}
	if l.from.stream == nil {
		if err := setSegment(l.from.fd, segment); err != nil {
			return err
		}
	}
	if l.to.stream != nil {
		return nil
	}
	if err := unix.SetsockoptInt(l.to.fd, unix.IPPROTO_UDP, unix.UDP_GRO, gro); err != nil {
		return fmt.Errorf("set UDP_GRO: %w", os.NewSyscallError("setsockopt", err))
	}
	return nil
}

// setSegment makes the kernel cut what the socket sends into datagrams of a size;
// 0: not at all.
func setSegment(fd, size int) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, size); err != nil {
		return fmt.Errorf("set UDP_SEGMENT: %w", os.NewSyscallError("setsockopt", err))
	}
	return nil
}

// send stamps the packets with the tag and sends them. What cannot be sent
// counts as lost later. A pending ICMP error fails one call, so a message is
// offered twice.
func (l *lane) send(tag uint64) {
	for off := l.from.tag; off < len(l.packets); off += l.from.size {
		binary.BigEndian.PutUint64(l.packets[off:], tag)
	}
	if l.from.stream != nil {
		_ = l.from.stream.write(l.packets) // what does not leave counts as lost
		return
	}
	retried := false
	for i := 0; i < len(l.out); {
		n, errno := sendmmsg(l.from.fd, l.out[i:])
		switch {
		case errno == 0:
			i += n
			retried = false
		case !retried:
			retried = true
		default:
			i++
			retried = false
		}
	}
}

// recv receives at most want packets that are there and returns how many of
// them have the tag.
func (l *lane) recv(tag uint64, want int) int {
	if l.to.stream != nil {
		return l.to.stream.count(l.to, tag)
	}
	n, errno := recvmmsg(l.to.fd, l.in[:min(want, len(l.in))])
	if errno != 0 {
		return 0 // nothing there, or an ICMP error that this call took off
	}
	count := 0
	for i := range n {
		packet := l.slots[i*l.slotSize:][:l.in[i].size]
		for len(packet) >= l.to.size {
			if binary.BigEndian.Uint64(packet[l.to.tag:]) == tag {
				count++
			}
			if !l.train {
				break
			}
			packet = packet[l.to.size:]
		}
	}
	return count
}

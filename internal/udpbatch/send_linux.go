//go:build !portable

package udpbatch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Send sends the packets in order, with as few calls as it takes, and never
// waits. When it returns, the kernel has its own copy of what left. The batch
// keeps its packets until Reset.
//
// A packet that fails is passed over, except that a full socket (EAGAIN) fails
// all the rest. A run that fails in one piece has not left in any part: its
// packets are sent one by one, and each is judged by itself.
//
// The result is the batch's, until the next Send.
func (c *Conn) Send(b *SendBatch) *Sent {
	b.sent = Sent{}
	if b.gathered {
		c.sendEntries(b, &b.sent)
	} else {
		c.sendPackets(b, b.hdrs[:b.entries], 0, &b.sent)
	}
	return &b.sent
}

// sendPackets sends messages that are one packet each, the first of them packet
// number first. It returns false when the socket is full, which has failed all
// the rest of the batch.
func (c *Conn) sendPackets(b *SendBatch, hdrs []mmsghdr, first int, s *Sent) bool {
	for next := 0; next < len(hdrs); {
		done, errno := c.push(hdrs[next:], false, s)
		next += done
		if errno == unix.EAGAIN {
			b.fail(s, first+next, b.packets, errno)
			return false
		}
		if errno != 0 {
			b.fail(s, first+next, first+next+1, errno)
			next++
		}
	}
	return true
}

// sendEntries sends the entries of a batch of which some are runs: as many as
// possible by one call, and those that must be apart in their turn.
func (c *Conn) sendEntries(b *SendBatch, s *Sent) {
	apart := c.rests()
	for next := 0; next < b.entries; {
		end := next
		for end < b.entries && !b.splits(end, apart) {
			end++
		}
		done, errno := c.push(b.hdrs[next:end], true, s)
		b.count(s, next, next+done)
		next += done
		if next == b.entries {
			return
		}
		r := &b.runs[next]
		switch {
		case errno == unix.EAGAIN:
			b.fail(s, int(r.first), b.packets, errno)
			return
		case r.packets > 1:
			if errno != 0 {
				s.Refused++
				apart = c.refuse(errno, r.segment)
			}
			if !c.sendPackets(b, b.singles(next), int(r.first), s) {
				return
			}
		default:
			b.fail(s, int(r.first), int(r.first)+1, errno)
		}
		next++
	}
}

// splits reports whether an entry must leave packet by packet.
func (b *SendBatch) splits(entry int, apart bool) bool {
	r := &b.runs[entry]
	return r.packets > 1 && (apart || b.segmentation == SegmentShortEnd && !r.ended)
}

// count counts the runs among entries that left.
func (b *SendBatch) count(s *Sent, from, to int) {
	for i := from; i < to; i++ {
		if n := int(b.runs[i].packets); n > 1 {
			s.Messages++
			s.Segments += n
		}
	}
}

// noBuffersRetries is how often an entry for which the system had no room is
// offered again.
const noBuffersRetries = 2

// push sends messages until one fails, and returns how many left and why the
// next one did not.
//
// A short count is no failure: the rest is offered again. With an error queue,
// an error may be the pending one of another peer: the queue is drained and the
// message offered once more before it counts as failed.
func (c *Conn) push(hdrs []mmsghdr, long bool, s *Sent) (done int, errno syscall.Errno) {
	retries, drained := 0, false
	for done < len(hdrs) {
		n, errno := c.send(hdrs[done:], long)
		s.Calls++
		switch {
		case n > 0:
			done += n
			retries, drained = 0, false
		case errno == 0:
			return done, unix.EIO // neither progress nor a reason
		case errno == unix.ENOBUFS && retries < noBuffersRetries:
			retries++
		case c.errorQueue && !drained && mayBePending(errno, hdrs[done].isRun()):
			s.Notices += c.DrainErrors()
			drained = true
		default:
			return done, errno
		}
	}
	return done, 0
}

// mayBePending reports whether an error may be that of another peer. For a run,
// the errors that its segmentation has are taken for those.
func mayBePending(errno syscall.Errno, run bool) bool {
	switch errno {
	case unix.EAGAIN, unix.ENOBUFS:
		return false
	case unix.EMSGSIZE:
		return !run
	}
	return !run || !cannotSegment(errno)
}

// cannotSegment reports whether an error of a run speaks of the socket or its
// route: no checksum offload or IPsec there (EIO), or no segmentation at all.
func cannotSegment(errno syscall.Errno) bool {
	switch errno {
	case unix.EIO, unix.EINVAL, unix.ENOPROTOOPT, unix.EOPNOTSUPP:
		return true
	}
	return false
}

func (c *Conn) send(hdrs []mmsghdr, long bool) (int, syscall.Errno) {
	if c.fault != nil {
		op := OpSend
		if hdrs[0].isRun() {
			op = OpSendRun
		}
		pass, errno := c.fault(op, len(hdrs))
		if errno != 0 {
			return 0, errno
		}
		hdrs = hdrs[:min(len(hdrs), pass)]
	}
	if c.fd < 0 || len(hdrs) == 0 {
		return len(hdrs), 0
	}
	if len(hdrs) > 1 {
		return sendmmsg(c.fd, hdrs, long)
	}
	var errno syscall.Errno
	if hdrs[0].hdr.Iovlen == 1 {
		errno = sendto(c.fd, &hdrs[0])
	} else {
		errno = sendmsg(c.fd, &hdrs[0])
	}
	if errno != 0 {
		return 0, errno
	}
	return 1, 0
}

// restSends is for how many batches with runs a socket is spared after the
// kernel refused to segment for it. It is counted, not timed: one wasted call in
// so many costs nothing, and no clock is read.
const restSends = 1 << 14

// fitsEveryPath is the longest segment for which no path is too short: 1280 bytes,
// which every link of IPv6 takes, less the headers (RFC 8200 section 5).
const fitsEveryPath = 1280 - 40 - 8

// refuse learns from a run that failed, and reports whether the socket is to be
// spared. That segments are too long for the known MTU of their path is not
// remembered: to try costs little beside the fragments that follow. The kernel
// says it by EMSGSIZE, older ones by EINVAL.
func (c *Conn) refuse(errno syscall.Errno, segment uint32) (rest bool) {
	if cannotSegment(errno) && (errno != unix.EINVAL || segment <= fitsEveryPath) {
		c.rest = restSends
	}
	return c.rest > 0
}

// rests reports whether the socket is to be spared this time.
func (c *Conn) rests() bool {
	if c.rest == 0 {
		return false
	}
	c.rest--
	return true
}

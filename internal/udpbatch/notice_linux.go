//go:build !portable

package udpbatch

import "golang.org/x/sys/unix"

// noticeBuffers is what the error queue is read into.
type noticeBuffers struct {
	hdrs     [errorBatch]mmsghdr
	names    [errorBatch]sockaddr
	controls [errorBatch]receiveControl
}

func (b *noticeBuffers) wire() {
	for i := range b.hdrs {
		b.hdrs[i].wireName(&b.names[i])
		b.hdrs[i].wireReceive(&b.controls[i])
	}
}

// CollectNotices makes the socket add the ICMP errors that it takes off its error
// queue to a list, which several sockets of one thread may share; nil, as in the
// beginning, only counts them.
func (c *Conn) CollectNotices(n *Notices) { c.notices = n }

// took adds the first so many errors of a read, and makes the buffers ready again.
func (n *Notices) took(errors int) {
	b := &n.buffers
	for i := range errors {
		h := &b.hdrs[i].hdr
		if e, ok := b.controls[i].extendedError(int(h.Controllen)); ok {
			n.judge(e, &b.names[i])
		}
		h.Namelen = sizeofSockaddr
		h.SetControllen(sizeofReceiveControl)
	}
}

// Where an error comes from: SO_EE_ORIGIN_LOCAL, _ICMP and _ICMP6 of the kernel's
// linux/errqueue.h.
const (
	originLocal = 1
	originICMP  = 2
	originICMP6 = 3
)

// The errors that RFC 8656 section 11.5 has relayed: of ICMP (RFC 792)
// destination unreachable and time exceeded, and of ICMPv6 (RFC 4443) these and
// packet too big.
const (
	unreachable4    = 3
	timeExceeded4   = 11
	needsFragments4 = 4 // a code of unreachable4
	unreachable6    = 1
	tooBig6         = 2
	timeExceeded6   = 3
)

// judge adds an error if it is one of those.
func (n *Notices) judge(e unix.SockExtendedErr, to *sockaddr) {
	notice := Notice{Type: e.Type, Code: e.Code}
	to.get(&notice.Peer)
	switch four := notice.Peer.Is4(); {
	case e.Origin == originLocal && e.Errno == uint32(unix.EMSGSIZE) && four:
		notice.Type, notice.Code, notice.MTU = unreachable4, needsFragments4, e.Info
	case e.Origin == originLocal && e.Errno == uint32(unix.EMSGSIZE):
		notice.Type, notice.Code, notice.MTU = tooBig6, 0, e.Info
	case e.Origin == originICMP && e.Type == unreachable4 && e.Code == needsFragments4,
		e.Origin == originICMP6 && e.Type == tooBig6:
		notice.MTU = e.Info
	case e.Origin == originICMP && (e.Type == unreachable4 || e.Type == timeExceeded4):
	case e.Origin == originICMP6 && (e.Type == unreachable6 || e.Type == timeExceeded6):
	default:
		return
	}
	n.add(notice)
}
